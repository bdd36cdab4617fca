"""Disk space that `pip install limner` takes.

Installs this checkout into a new virtual environment and prints the size of each package, the
largest first, without pip itself.

    python benchmarks/base_install.py
"""

import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path

LARGEST = 8


def main() -> None:
    """Install and measure."""
    checkout = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "pip"
        own = set(packages(Path(folder)))
        subprocess.run([pip, "install", "--quiet", checkout], check=True)
        sizes = packages(Path(folder))
        for name in own:
            del sizes[name]
    for name, size in sizes.most_common(LARGEST):
        print(f"{size / 1e6:7.1f} MB  {name}")
    print(f"{sizes.total() / 1e6:7.1f} MB  in total; the limit is 300 MB")


def packages(folder: Path) -> Counter[str]:
    """Return the bytes of each entry in the environment's site-packages."""
    [site] = folder.rglob("site-packages")
    sizes: Counter[str] = Counter()
    for file in site.rglob("*"):
        if file.is_file():
            sizes[file.relative_to(site).parts[0]] += file.stat().st_size
    return sizes


if __name__ == "__main__":
    main()
