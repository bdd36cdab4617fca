"""Unpack a kit, do a smoke run, train for some seconds, and write the results into small files.

Run it on the GPU machine with `run.sh`; see README.md in this folder.
"""

import argparse
import importlib.util
import io
import json
import lzma
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from kit import (
    ABOUT,
    MIB,
    RESULTS,
    STATE,
    KitError,
    check_digests,
    compressed,
    sha256,
    shortened,
    split,
)

SOURCE = Path(__file__).resolve().parents[2] / "src"
NEEDED = ("torch", "numpy", "PIL", "pyarrow", "safetensors", "typer", "rich", "lightning_fabric")
"""All packages that training imports."""
RESERVE = 45
"""Seconds reserved for the report and the results."""
SMOKE_MOST = 60
"""Seconds after which a slow smoke run is ended."""
LATE = 20
"""Seconds that a run may take to save when its time is up or when it is told to end."""
MOST_BACK = 60 * MIB
GRIDS = 6


class Machine:
    """The clock, the log, and limner's commands."""

    def __init__(self, out: Path, seconds: float, reserve: int) -> None:
        self.ends = time.monotonic() + seconds
        self.reserve = reserve
        self.packages: Path | None = None
        self.told = threading.Event()
        """Set when the script is told to end."""
        self._child: subprocess.Popen[str] | None = None
        self._log = (out / "log.txt").open("w", encoding="utf-8")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._tell)

    @property
    def left(self) -> float:
        """Seconds until the end."""
        return self.ends - time.monotonic()

    def say(self, text: str) -> None:
        """Print a line, and write it into the log."""
        print(text, flush=True)
        self._log.write(f"{text}\n")
        self._log.flush()

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def limner(self, *arguments: str, most: float) -> int:
        """Run a command of limner for at most `most` seconds; return its exit code."""
        paths = [str(path) for path in (self.packages, SOURCE) if path is not None]
        paths += [path for path in [os.environ.get("PYTHONPATH")] if path]
        command = [sys.executable, "-u", "-m", "limner", *arguments]
        self.say(f"$ limner {' '.join(arguments)}")
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        ) as self._child:
            timers = [
                threading.Timer(max(most, 0), self._child.terminate),
                threading.Timer(max(most, 0) + LATE, self._child.kill),
            ]
            for timer in timers:
                timer.start()
            for line in self._child.stdout or ():
                self.say(line.rstrip())
            code = self._child.wait()
            for timer in timers:
                timer.cancel()
        self._child = None
        return code

    def _tell(self, *_: Any) -> None:
        """Let the run save a checkpoint; the results are still written."""
        self.told.set()
        if self._child is not None:
            self._child.terminate()


def main() -> int:
    """Unpack, smoke run, run, results. Exit code 0 if the run trained to the end of its time."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kit", type=Path, help="folder that pack.py wrote")
    parser.add_argument("out", type=Path, help="folder for the results")
    parser.add_argument("seconds", type=float, help="time until everything is written")
    parser.add_argument(
        "--smoke", type=int, default=20, help="seconds of the smoke run; 0 for none"
    )
    parser.add_argument("--compile", default="off", help="see the setting in limner train")
    parser.add_argument(
        "--reserve", type=int, default=RESERVE, help="seconds reserved for the results"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    machine = Machine(options.out, options.seconds, options.reserve)
    with tempfile.TemporaryDirectory(prefix="limner-gpu-") as folder:
        work = Path(folder)
        try:
            about = unpack(options.kit, work, machine)
            if options.smoke:
                smoke(about, work, machine, options.smoke)
            code = run(about, work, machine, options.compile)
            results(about, work, machine, options.out)
        except KitError as error:
            machine.say(f"run: {error}")
            return 1
        finally:
            machine.close()
    return code


def unpack(kit: Path, work: Path, machine: Machine) -> dict[str, Any]:
    """Check and unpack the kit. Raises KitError if something is missing or damaged."""
    again = "pack the kit again, and copy all of it"
    try:
        about: dict[str, Any] = json.loads((kit / ABOUT).read_text())
    except (OSError, ValueError) as error:
        raise KitError(f"{kit} is not a complete kit ({error}): {again}") from error
    check_digests(kit, about["sha256"], help_=again)
    packages = work / "packages"
    with tarfile.open(kit / "packages.tar.xz") as file:
        for entry in file:
            # Prefer the installed version: it matches the other installed packages.
            if importlib.util.find_spec(entry.name.split("/")[0]) is None:
                file.extract(entry, packages, filter="data")
    places = [(kit / name, work / name) for name in about["sha256"] if name != "packages.tar.xz"]
    with ProcessPoolExecutor() as pool:
        list(pool.map(_put, *zip(*places, strict=True)))
    machine.packages = packages
    sys.path.insert(0, str(packages))
    importlib.invalidate_caches()
    if lacking := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise KitError(
            f"this machine lacks {', '.join(lacking)}: pack pure Python packages with --package"
        )
    machine.say(f"unpacked; {machine.left:.0f} s left")
    return about


def _put(source: Path, target: Path) -> None:
    """Copy or decompress a file of the kit."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".xz":
        target.with_suffix("").write_bytes(lzma.decompress(source.read_bytes()))
    else:
        shutil.copyfile(source, target)


def arguments(about: dict[str, Any], work: Path, name: str) -> list[str]:
    """Return the arguments of `limner train` for the run, or for a new one that starts from it."""
    packed, folder = work / "run", work / name
    if about["resumes"]:
        if folder != packed:
            shutil.copytree(packed, folder)
        places = [f"data={work / 'set'}"]
    else:
        folder = work / f"{name}-new"
        # `init_from` is only used when a run starts.
        places = [f"data={work / 'set'}", f"init_from={packed}"]
        if not (folder / "config.json").exists():
            config = about["config"] | {"data": str(work / "set"), "init_from": str(packed)}
            folder.mkdir()
            (folder / "config.json").write_text(json.dumps(config))
    settings = [*about["settings"], "sample_sketches=", *places]
    options = [part for one in settings for part in ("--set", one)]
    return ["train", about["experiment"], str(folder), *options]


def smoke(about: dict[str, Any], work: Path, machine: Machine, seconds: int) -> None:
    """Train for some seconds without compiling, to check that nothing is missing.

    Raises:
        KitError: It failed. A smoke run that is only slow does not count as failed.
    """
    command = arguments(about, work, "smoke")
    most = min(max(SMOKE_MOST, seconds), machine.left)
    began = machine.left
    code = machine.limner(*command, "--set", "compile=off", "--for", f"{seconds}s", most=most)
    if code and (began - machine.left >= most or machine.told.is_set()):
        machine.say(f"the smoke run was ended after {began - machine.left:.0f} s")
        return
    noted = stats(Path(command[2]))
    if code or not noted:
        raise KitError(f"the smoke run ended with exit code {code}; the log says why")
    machine.say(f"smoke run: {noted[-1].get('rate')} images/s, not compiled")


def run(about: dict[str, Any], work: Path, machine: Machine, compiled: str) -> int:
    """Train until little time is left, without compiling if that fails."""
    code = 1
    for way in dict.fromkeys((compiled, "off")):
        seconds = int(machine.left - machine.reserve)
        if seconds < 1 or machine.told.is_set():
            machine.say(
                f"no time is left to train: {machine.left:.0f} s, {machine.reserve} s are reserved"
            )
            break
        command = [*arguments(about, work, "run"), "--set", f"compile={way}"]
        code = machine.limner(*command, "--for", f"{seconds}s", most=seconds + LATE)
        if code == 0 or machine.told.is_set():
            break
        machine.say(f"the run ended with exit code {code} with compile={way}")
    return code


def results(about: dict[str, Any], work: Path, machine: Machine, out: Path) -> None:
    """Write the results: the report, and the run folder in pieces."""
    folder = work / ("run" if about["resumes"] else "run-new")
    if not (folder / STATE).exists():
        raise KitError("the run saved no checkpoint; the log says why")
    if machine.limner("plot", str(folder), most=LATE) == 0:
        page = folder / "report.html"
        if page.stat().st_size <= 15 * MIB:
            shutil.copyfile(page, out / page.name)
    else:
        machine.say("no report could be written here; run limner plot when the run is back")
    import torch

    state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    buffer = io.BytesIO()
    torch.save(shortened(state, exact=about["exact"]), buffer)
    packed = {f"{STATE}.xz": compressed(buffer.getvalue())}
    packed |= {path.name: path.read_bytes() for path in folder.glob("*.json*")}
    room = MOST_BACK - sum(map(len, packed.values()))
    for path in worth(folder):
        if path.stat().st_size <= room:
            room -= path.stat().st_size
            packed[path.relative_to(folder).as_posix()] = path.read_bytes()
        else:
            machine.say(f"not included, for lack of space: {path.name}")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as file:
        for name, content in packed.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    pieces = split(archive.getvalue(), out, "run.tar")
    noted = stats(folder)
    said = {
        "from": about["images"] if about["resumes"] else 0,
        "resumes": about["resumes"],
        "images": state["images"],
        "rate": noted[-1].get("rate") if noted else None,
        "config": about["config"],
        "sha256": {path.name: sha256(path) for path in pieces},
    }
    (out / RESULTS).write_text(json.dumps(said, indent=1))
    machine.say(f"{state['images']:,} images seen; {machine.left:.0f} s left")


def worth(folder: Path) -> list[Path]:
    """Return the snapshots and grids to bring back, the most important first."""
    scores = [line for line in noted_in(folder / "scores.jsonl") if "identity" in line]
    snapshots = sorted(folder.glob("snapshot-*.safetensors"))[::-1]
    best = min(scores, key=lambda line: float(line["identity"]), default={})
    first = [path for path in snapshots if path.stem.endswith(f"-{best.get('images', 0):09}")]
    grids = sorted(folder.glob("grids/*.png"))
    every = max(1, -(-len(grids) // GRIDS))
    return list(dict.fromkeys([*snapshots[:1], *first, *grids[::-1][::every]]))


def stats(folder: Path) -> list[dict[str, Any]]:
    """Return the training statistics of the run."""
    return noted_in(folder / "stats.jsonl")


def noted_in(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a JSONL file; none if it does not exist."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


if __name__ == "__main__":
    sys.exit(main())
