"""Put the results from a GPU machine into a run folder here, so that the run can resume here.

Run it here; see README.md in this folder.

    python benchmarks/gpu/back.py OUT RUN
"""

import argparse
import io
import json
import lzma
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

from kit import RESULTS, STATE, KitError, check_digests

from limner import images
from limner.errors import LimnerError
from limner.training.config import Config
from limner.training.run import RunFolder, fixed_settings


def main() -> int:
    """Put the results back, and print the next command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, help="folder with the results")
    parser.add_argument("run", type=Path, help="the run that was packed, or a new folder")
    options = parser.parse_args()
    try:
        seen, config = put_back(options.out, options.run)
    except (KitError, LimnerError) as error:
        print(f"back: {error}", file=sys.stderr)
        return 1
    print(f"{options.run} has seen {seen:,} images; resume it with")
    print(f"limner train {config.experiment} {options.run}")
    return 0


def put_back(out: Path, path: Path) -> tuple[int, Config]:
    """Put the results into the run folder `path`; return its images seen and its config.

    Raises:
        KitError: Something is missing or damaged, or the run here is another one, or was trained
            after it was packed.
        LimnerError: The run folder is damaged or cannot be written.
    """
    try:
        about: dict[str, Any] = json.loads((out / RESULTS).read_text())
    except (OSError, ValueError) as error:
        raise KitError(f"{out} contains no complete results ({error}): copy all of it") from error
    check_digests(out, about["sha256"], help_="copy all files again")
    run, config = RunFolder(path), Config.from_dict(about["config"])
    if run.exists():
        config = same_run(run, config, about)
    archive = b"".join((out / name).read_bytes() for name in sorted(about["sha256"]))
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        # The checkpoint last: everything that belongs to it is there then.
        for entry in sorted(file, key=lambda entry: entry.name.startswith(STATE)):
            source = file.extractfile(entry)
            if source is None or Path(entry.name).is_absolute() or ".." in Path(entry.name).parts:
                raise KitError(f"{out} contains a file that does not belong to a run: {entry.name}")
            content, name = source.read(), entry.name
            if name == "config.json":  # its paths are those of the other machine
                content = json.dumps(config.to_dict(), indent=2).encode()
            if name.endswith(".xz"):
                content, name = lzma.decompress(content), name.removesuffix(".xz")
            images.write_bytes(path / name, content)
    return about["images"], config


def same_run(run: RunFolder, config: Config, about: dict[str, Any]) -> Config:
    """Return the config of the run here. Raises KitError if it is not the run that was packed."""
    here = run.config()
    if fixed_settings(here) != fixed_settings(config):
        raise KitError(f"{run.path} is another run; name a new folder")
    state = run.load_state()
    seen = state["images"] if state is not None else 0
    if seen != about["from"]:
        raise KitError(
            f"{run.path} has seen {seen:,} images, and had {about['from']:,} when it was packed; "
            "the results would undo its training since then: name a new folder"
        )
    os.replace(run.state_path, run.state_path.with_name("state-before.pt"))  # noqa: PTH105
    return here


if __name__ == "__main__":
    sys.exit(main())
