# The commands to begin with: `make demo`, `make studio` and `make test`. They need only
# Python 3.11+, git and make; `make page` needs Node.js, too.

PYTHON ?= python3
DEMO := .venv-demo/bin
STUDIO := .venv-studio/bin
DEV := .venv/bin

.PHONY: demo studio test lint docs page clean
.DELETE_ON_ERROR:

demo: .venv-demo/installed  ## turn the example sketches into photos in out/
	$(DEMO)/limner photo examples -o out
	$(DEMO)/python examples/contact_sheet.py examples out
	@echo "Look at out/contact-sheet.png"

studio: .venv-studio/installed  ## draw in the browser, and see the photo
	$(STUDIO)/limner studio

test: .venv/installed  ## install the development set-up and pass all tests
	$(DEV)/python -m pytest

lint: .venv/installed  ## style, types and the order of the layers
	$(DEV)/ruff check
	$(DEV)/ruff format --check
	$(DEV)/mypy
	$(DEV)/lint-imports

docs: .venv/installed  ## the reference of the commands, from their help
	$(DEV)/python -m typer limner.cli utils docs --name limner --title Commands --output docs/commands.md

page:  ## the page of the studio, from TypeScript; needs Node 20 or newer
	npm ci --prefix page --no-fund --no-audit
	npm run --prefix page check
	npm run --prefix page build

.venv-studio/installed: pyproject.toml $(shell find src -type f -not -name '*.pyc')
	$(PYTHON) -m venv .venv-studio
	$(STUDIO)/pip install --quiet --disable-pip-version-check '.[studio]'
	@touch $@

.venv-demo/installed: pyproject.toml $(shell find src -type f -not -name '*.pyc')
	$(PYTHON) -m venv .venv-demo
	$(DEMO)/pip install --quiet --disable-pip-version-check .
	@touch $@

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(DEV)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .venv-demo .venv-studio page/node_modules out build dist
