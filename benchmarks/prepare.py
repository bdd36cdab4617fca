"""Speed of preparing a set, compared with the 2018 pipeline, and its peak memory.

    python benchmarks/prepare.py --data FOLDER              images per second
    python benchmarks/prepare.py --data FOLDER --memory     peak memory, for 10,000 and 100,000

A third each are photos in FOLDER/open, sketches of CUFS and images of CelebA (at half size, 89x109,
in FOLDER/research), repeated under new names to reach the requested number. The pipeline of the
2018 study processed each picture in one process with dlib's HOG detector, enlarged twice
(upsampling 2), aligned the face and saved it; it is run on a sample, since it is slow. The pictures
are processed in rounds, and the pipelines take turns within each round; results are medians.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

# One thread each; set before any library reads these.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

from find_and_align import StudyDetector
from PIL import Image

from limner import images
from limner.data.prepare import prepare
from limner.data.recipe import of_folder
from limner.engines import LocalEngine
from limner.errors import NoFaceError
from limner.faces import DlibDetector, Preprocessing, find


def parts(data: Path) -> dict[str, list[Path]]:
    """Return the pictures of each part."""
    research = data / "research"
    return {
        "open photos": images.files_below(data / "open"),
        "CUFS sketches": [
            file
            for folder in sorted(research.glob("cufs_*/*etch*"))
            for file in images.files_below(folder)
        ],
        "CelebA": images.files_below(research / "celeba_half"),
    }


def link(sources: list[list[Path]], folder: Path, names: range) -> list[Path]:
    """Make links to pictures, one for each name, from the sources in turn."""
    folder.mkdir()
    links = []
    for name in names:
        turn, source = divmod(name, len(sources))
        # Any prime works: every round gets pictures from the entire source.
        file = sources[source][turn * 7919 % len(sources[source])]
        links.append(folder / f"{name:06}{file.suffix}")
        links[-1].symlink_to(file.resolve())
    return links


def seconds_of_limner(folder: Path, out: Path, workers: int) -> float:
    """Return the seconds that limner takes for a folder, keeping every picture with a face."""
    recipe, root = of_folder(folder)
    recipe = recipe.with_settings(
        ["cleaning.max_hash_distance=-1", "cleaning.max_yaw=90", "cleaning.min_sharpness=0"]
    )
    start = time.perf_counter()
    prepare(recipe, out, data=root, engine=LocalEngine(workers=workers))
    took = time.perf_counter() - start
    shutil.rmtree(out)
    return took


def seconds_of_study(files: list[Path], out: Path) -> tuple[float, set[Path]]:
    """Return the seconds of the 2018 pipeline, and the pictures in which it finds a face."""
    out.mkdir()
    found = set()
    start = time.perf_counter()
    detector, preprocessing = StudyDetector(), Preprocessing()
    for file in files:
        picture = images.read(file)
        try:
            face = find(images.to_grey(picture), detector)[0]
            Image.fromarray(preprocessing.align(picture, face).image).save(out / f"{file.stem}.png")
            found.add(file)
        except NoFaceError:
            continue
    took = time.perf_counter() - start
    shutil.rmtree(out)
    return took, found


def found_by_limner(files: list[Path]) -> set[Path]:
    """Return the pictures in which limner finds a face that is large enough."""
    detector, minimum = DlibDetector(), Preprocessing().min_eye_distance
    faces = {file: detector(images.read(file)) for file in files}
    return {file for file, some in faces.items() if some and some[0].eye_distance >= minimum}


def speed(args: argparse.Namespace, work: Path) -> None:
    """Print images per second."""
    each = args.pictures // args.rounds
    sources = list(parts(args.data).values())
    rates: dict[str, list[float]] = {"1 worker": [], "2 workers": [], "study": []}
    hits, sampled = {"limner": 0, "study": 0}, 0
    for number in range(args.rounds):
        files = link(sources, work / "in", range(number * each, (number + 1) * each))
        sample = files[: args.sample]
        one = seconds_of_limner(work / "in", work / "out", 1)
        study, found = seconds_of_study(sample, work / "out")
        two = seconds_of_limner(work / "in", work / "out", 2)
        now = (each / one, each / two, len(sample) / study)
        for values, rate in zip(rates.values(), now, strict=True):
            values.append(rate)
        hits["study"] += len(found)
        hits["limner"] += len(found_by_limner(sample))
        sampled += len(sample)
        shutil.rmtree(work / "in")
        shown = ", ".join(f"{name} {rate:.1f}" for name, rate in zip(rates, now, strict=True))
        print(f"round {number + 1}, images/s: {shown}", flush=True)
    for name, values in rates.items():
        print(f"{name:12}{median(values):8.2f} images/s")
    print(
        f"limner, 1 worker, divided by the 2018 pipeline: {ratio(rates, '1 worker', 'study'):.1f}"
    )
    print(f"2 workers divided by 1: {ratio(rates, '2 workers', '1 worker'):.2f}")
    print(f"faces found in {sampled} pictures: limner {hits['limner']}, study {hits['study']}")


def ratio(rates: dict[str, list[float]], ours: str, other: str) -> float:
    """Return the median of the ratios within each round."""
    return median(a / b for a, b in zip(rates[ours], rates[other], strict=True))


def speed_by_part(args: argparse.Namespace, work: Path) -> None:
    """Print images per second for each part separately."""
    for name, files in parts(args.data).items():
        sample = link([files], work / "in", range(300))[: args.sample]
        ours = 300 / seconds_of_limner(work / "in", work / "out", 1)
        study = len(sample) / seconds_of_study(sample, work / "out")[0]
        print(
            f"{name:16}{ours:8.1f} images/s, {ours / study:.1f} times the 2018 pipeline", flush=True
        )
        shutil.rmtree(work / "in")


MEASURED = """
import resource, sys
from pathlib import Path
from limner.data.prepare import prepare
from limner.data.recipe import of_folder
from limner.engines import LocalEngine
if __name__ == "__main__":
    recipe, root = of_folder(Path(sys.argv[1]))
    recipe = recipe.with_settings(["cleaning.max_hash_distance=16"])
    prepare(recipe, Path(sys.argv[2]), data=root, engine=LocalEngine(workers=2))
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        print(resource.getrusage(who).ru_maxrss // 1024)
"""


def memory(args: argparse.Namespace, work: Path) -> None:
    """Print the peak memory of the writing process and of the largest worker."""
    script = work / "measured.py"
    script.write_text(MEASURED)
    for count in args.counts:
        link(list(parts(args.data).values()), work / "in", range(count))
        command = [sys.executable, str(script), str(work / "in"), str(work / "out")]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        own, worker = done.stdout.split()
        print(
            f"{count} pictures: {own} MB, largest worker {worker} MB "
            f"({time.perf_counter() - start:.0f} s)",
            flush=True,
        )
        shutil.rmtree(work / "in")
        shutil.rmtree(work / "out")


def main() -> None:
    """Run the requested benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("LIMNER_DATA"))
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--sample", type=int, default=60, help="pictures per round for the 2018 pipeline"
    )
    parser.add_argument("--memory", action="store_true", help="measure memory instead of speed")
    parser.add_argument(
        "--counts", type=int, nargs="+", default=[10_000, 100_000], help="pictures for --memory"
    )
    args = parser.parse_args()
    if args.data is None:
        parser.error("give --data FOLDER, or set LIMNER_DATA in the environment")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if args.memory:
            memory(args, work)
        else:
            speed(args, work)
            speed_by_part(args, work)


if __name__ == "__main__":
    main()
