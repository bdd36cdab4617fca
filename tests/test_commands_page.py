"""`docs/commands.md` is the help of the commands."""

import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"


def test_the_page_is_up_to_date(tmp_path):
    made = tmp_path / "commands.md"
    command = [sys.executable, "-m", "typer", "limner.cli", "utils", "docs"]
    command += ["--name", "limner", "--title", "Commands", "--output", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    assert PAGE.read_text() == made.read_text(), "run `make docs`"
