"""Train the smile score that comes with limner.

    limner prepare docs/smile-recipe.toml SET --data FOLDER
    python -m limner.face_training.smile SET OUT.npy

The score is trained on the photos of SET with smile labels (`smiling` of a recipe's part):
unchanged, blurred and sketched. People of one studio are not representative, so the score then
labels the other photos of SET itself and is trained on all of them, several times (self-training:
Scudder, "Probability of Error of Some Adaptive Pattern-Recognition Machines", 1965). OUT.json
contains its accuracy on held-out people.
"""

import argparse
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from limner import images
from limner.data.items import Split
from limner.data.prepared import PreparedSet
from limner.errors import DataError
from limner.faces.smile import FEATURES, SMILING, SmileScore, features
from limner.faces.warp import warp
from limner.sketching import STYLES, random_sketch, sketch

__all__ = ["Settings", "figures", "lightness", "thirds", "train"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the training."""

    photos_each: int = 1
    """Views of each photo, each with its own rotation, size and position."""
    blurred_each: int = 2
    """Blurred views of each photo, likewise."""
    sketches_each: int = 3
    """Sketches of each photo by `limner.sketching.random_sketch`, likewise."""
    turn: float = 3.0
    """Standard deviation of the rotation in degrees that is left after aligning by the eyes."""
    scale: float = 0.04
    """Standard deviation of the size's natural logarithm."""
    shift: float = 0.015
    """Standard deviation of the shift each way, as a share of the crop's side."""
    blurred_sides: tuple[int, int] = (24, 80)
    """Minimum and maximum side in px to which a blurred view is shrunk."""
    penalty: float = 3e-3
    """L2 penalty: half of it times the squared weights is added to the mean loss."""
    rounds: int = 3
    """How often the photos without a label are labelled and learnt from."""
    labelled_share: float = 0.5
    """Weight of the labelled photos among all in these rounds."""
    folds: int = 5
    """Folds of the cross-validation, which are groups of people."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Faces:
    """Photos of a split and their features."""

    smile: NDArray[np.float64]
    """[N]: 1 smiling, 0 not, NaN without a label."""
    person: NDArray[np.str_]
    """[N]"""
    plain: NDArray[np.float32]
    """[N, FEATURES] of the unchanged crops."""
    views: NDArray[np.float32]
    """[N, V, FEATURES] of the training views; V is 0 for faces that are only measured on."""
    lightness: NDArray[np.float64]
    """[N] of the skin, as by `lightness`."""
    drawn: dict[str, NDArray[np.float32]]
    """[L, FEATURES] for each sketch style, of the L labelled faces."""

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """[N]: whether a face has a smile label."""
        return ~np.isnan(self.smile)


def read(prepared: PreparedSet, split: Split, settings: Settings, *, learn: bool) -> Faces:
    """Read the photos of a split and compute their features.

    Raises:
        DataError: The split has no photos.
    """
    crops = prepared.images(split, "photo")
    table = prepared.table.select(["split", "kind", "smile", "labelled", "identity"])
    rows = [row for row in table.to_pylist() if row["split"] == split and row["kind"] == "photo"]
    known = [row["smile"] if row["labelled"] else None for row in rows]
    smile = np.array([np.nan if s is None else float(s > SMILING) for s in known])
    labelled = crops[~np.isnan(smile)]
    views = np.empty((len(crops), 0, FEATURES), np.float32)
    if learn:
        views = np.stack([features(list(_views(crop, settings))) for crop in crops])
    return Faces(
        smile=smile,
        person=np.array([row["identity"] for row in rows]),
        plain=features(crops),
        views=views,
        lightness=np.array([lightness(crop) for crop in crops]),
        drawn={
            style: features([sketch(crop, style, seed=1) for crop in labelled]) for style in STYLES
        },
    )


def _views(crop: NDArray[np.uint8], settings: Settings) -> Iterator[NDArray[np.uint8]]:
    """Training views of a crop [S, S, 3]: [S, S] or [S, S, 3] each; the same at every call."""
    rng = np.random.default_rng((settings.seed, zlib.crc32(crop.tobytes())))
    for _ in range(settings.photos_each):
        yield _moved(crop, settings, rng)
    for _ in range(settings.blurred_each):
        small = int(rng.integers(*settings.blurred_sides, endpoint=True))
        yield images.resize(images.resize(_moved(crop, settings, rng), small), len(crop))
    for _ in range(settings.sketches_each):
        yield random_sketch(_moved(crop, settings, rng), rng)


def _moved(
    crop: NDArray[np.uint8], settings: Settings, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The crop slightly rotated, scaled and shifted, as by inaccurate landmarks."""
    side = len(crop)
    angle = np.radians(rng.normal(0, settings.turn))
    scale = np.exp(rng.normal(0, settings.scale))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, sin], [-sin, cos]])
    middle = np.full(2, side / 2)
    shift = middle - linear @ middle + rng.normal(0, settings.shift * side, 2)
    return warp(crop, np.column_stack([linear, shift]), (side, side))


def fit(
    views: NDArray[np.float32],
    smile: NDArray[np.float64],
    weight: NDArray[np.float64],
    penalty: float,
) -> NDArray[np.float64]:
    """Logistic regression without a penalty on the bias: [FEATURES + 1], the bias last.

    Args:
        views: [N, V, FEATURES] of faces.
        smile: [N] in 0..1.
        weight: [N] of each face in the mean loss.
        penalty: as in `Settings`.
    """
    used, each = weight > 0, views.shape[1]
    described = views[used].reshape(-1, views.shape[2]).astype(np.float64)
    smile = np.repeat(smile[used], each)
    weight = np.repeat(weight[used] / weight.sum() / each, each)
    middle = described.mean(axis=0)
    described -= middle  # otherwise the bias would converge slowly

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = values[:-1], values[-1]
        found = described @ weights + bias
        surplus = weight * (special.expit(found) - smile)
        total = weight @ (np.logaddexp(0, found) - smile * found)
        slope = surplus @ described + penalty * weights
        return total + penalty / 2 * weights @ weights, np.append(slope, surplus.sum())

    start = np.zeros(described.shape[1] + 1)
    # So precise that the order of sums, which depends on threads, does not change the rounded file.
    options = {"maxiter": 2000, "maxfun": 4000, "ftol": 0, "gtol": 1e-10}
    best = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    weights: NDArray[np.float64] = best.x
    weights[-1] -= middle @ weights[:-1]
    return weights


def learn(faces: Faces, left_out: NDArray[np.bool_], settings: Settings) -> NDArray[np.float64]:
    """Weights [FEATURES + 1] from all faces except those [N] that are left out."""
    labelled = faces.labelled & ~left_out
    unlabelled = ~faces.labelled & ~left_out
    smile = np.where(labelled, faces.smile, 0)
    weight = labelled.astype(np.float64)
    weights = fit(faces.views, smile, weight, settings.penalty)
    share = settings.labelled_share
    for _ in range(settings.rounds if unlabelled.any() else 0):
        smile[unlabelled] = logits(weights, faces.plain[unlabelled]) > 0
        weight[labelled] = share / labelled.sum()
        weight[unlabelled] = (1 - share) / unlabelled.sum()
        weights = fit(faces.views, smile, weight, settings.penalty)
    return weights


def logits(weights: NDArray[np.float64], described: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N], above 0 for a smile."""
    return np.asarray(described @ weights[:-1] + weights[-1], np.float64)


def figures(
    score: NDArray[np.floating[Any]], smiling: NDArray[np.bool_]
) -> dict[str, float | None]:
    """How well scores [N] in 0..1 predict who smiles [N].

    Returns:
        `faces`, their number; `smiling`, the share that smiles; `accuracy`; `roc_area`, the AUC;
        `missed`, the false negative rate; `false`, the false positive rate. None if undefined.
    """
    said = score > SMILING
    smiles = int(smiling.sum())
    others = len(smiling) - smiles
    ranks = stats.rankdata(score)[smiling].sum() - smiles * (smiles + 1) / 2
    found = {
        "smiling": smiling.mean(),
        "accuracy": (said == smiling).mean(),
        "roc_area": ranks / (smiles * others) if smiles and others else np.nan,
        "missed": (~said[smiling]).mean() if smiles else np.nan,
        "false": said[~smiling].mean() if others else np.nan,
    }
    rounded = {name: None if np.isnan(v) else round(float(v), 4) for name, v in found.items()}
    return {"faces": len(smiling), **rounded}


Folds = list[tuple[NDArray[np.bool_], NDArray[np.float64]]]
"""Pairs of a mask of faces [N] and the weights that they are measured with."""


def measure(faces: Faces, folds: Folds) -> dict[str, Any]:
    """Results on the labelled photos and on sketches of them in each style."""
    labelled = faces.labelled
    smiling = faces.smile[labelled] > SMILING
    found: dict[str, Any] = {"people": len(np.unique(faces.person[labelled]))}
    for name, described in {"photo": faces.plain[labelled], **faces.drawn}.items():
        found[name] = figures(_scores(described, labelled, folds), smiling)
    return found


def cross_validate(faces: Faces, settings: Settings) -> dict[str, Any]:
    """Cross-validated results on all labelled people, and by skin lightness."""
    labelled = faces.labelled
    people = np.unique(faces.person[labelled])
    np.random.default_rng(settings.seed).shuffle(people)
    folds = []
    for group in np.array_split(people, min(settings.folds, len(people))):
        left_out = np.isin(faces.person, group)
        folds.append((left_out, learn(faces, left_out, settings)))
    found = measure(faces, folds)
    score = _scores(faces.plain[labelled], labelled, folds)
    smiling = faces.smile[labelled] > SMILING
    for name, third in thirds(faces.lightness[labelled]).items():
        found[f"photo, {name}"] = figures(score[third], smiling[third])
    return found


def _scores(
    described: NDArray[np.float32], labelled: NDArray[np.bool_], folds: Folds
) -> NDArray[np.float64]:
    """Scores [L] of the L labelled faces, [L, FEATURES], each with the weights of its fold."""
    found = np.empty(len(described))
    for chosen, weights in folds:
        found[chosen[labelled]] = logits(weights, described[chosen[labelled]])
    scores: NDArray[np.float64] = special.expit(found)
    return scores


def lightness(crop: NDArray[np.uint8]) -> float:
    """Mean CIELAB L* of both cheeks of an aligned crop [S, S, 3], 0 to 100.

    It depends on the light as much as on the skin: compare within one studio, or many images.
    """
    rows = slice(round(0.455 * len(crop)), round(0.515 * len(crop)))
    left, right = (0.3, 0.375), (0.625, 0.7)
    columns = [slice(*(round(x * len(crop)) for x in cheek)) for cheek in (left, right)]
    cheeks = np.concatenate([crop[rows, some].reshape(-1, 3) for some in columns]) / 255
    # IEC 61966-2-1 (sRGB), then CIE 15, whose other branch is for L* below 8
    linear = np.where(cheeks <= 0.04045, cheeks / 12.92, ((cheeks + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return float((116 * np.cbrt(luminance) - 16).mean())


def thirds(light: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """Masks [N] of the darkest, the middle and the lightest third of lightnesses [N]."""
    place = np.searchsorted(np.quantile(light, [1 / 3, 2 / 3]), light, side="right")
    return {f"{name} third": place == i for i, name in enumerate(("dark", "middle", "light"))}


def train(path: Path, out: Path, settings: Settings) -> dict[str, Any]:
    """Train, save and measure; return the report that is also written next to `out`.

    Args:
        path: A dataset whose photos are partly labelled.
        out: File of the weights to write, `.npy`.
        settings: Settings of the training.

    Raises:
        DataError: The dataset is missing or damaged, or its training photos lack faces labelled
            as smiling or as not smiling.
    """
    prepared = PreparedSet(path)
    faces = read(prepared, "train", settings, learn=True)
    labels = faces.smile[faces.labelled]
    if len(np.unique(labels)) < 2:
        raise DataError(
            f"{path}: {int((labels == 1).sum())} photos to train on are labelled as smiling and "
            f"{int((labels == 0).sum())} as not; there must be both: give the recipe's parts "
            "smiling = 'yes' and smiling = 'no', and prepare the dataset again"
        )
    weights = learn(faces, np.zeros(len(faces.smile), bool), settings).astype(np.float16)
    file = io.BytesIO()
    np.save(file, weights)
    images.write_bytes(out, file.getvalue())
    SmileScore(out)  # fails now if the file cannot be read
    report = {
        "settings": asdict(settings),
        "photos": {"labelled": len(labels), "others": len(faces.smile) - len(labels)},
        "bytes": len(file.getvalue()),
        "cross_validated": cross_validate(faces, settings),
        "test": _test(prepared, weights.astype(np.float64), settings),
    }
    images.write_bytes(out.with_suffix(".json"), (json.dumps(report, indent=2) + "\n").encode())
    return report


def _test(
    prepared: PreparedSet, weights: NDArray[np.float64], settings: Settings
) -> dict[str, Any] | None:
    """Results on the labelled people of the split 'test'; None if it has none."""
    if not prepared.count("test", "photo"):
        return None
    faces = read(prepared, "test", settings, learn=False)
    return measure(faces, [(faces.labelled, weights)]) if faces.labelled.any() else None


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("set", type=Path, help="dataset, partly labelled")
    parser.add_argument("out", type=Path, help="file to write, .npy")
    parser.add_argument("--rounds", type=int, default=Settings.rounds, help="0: labels only")
    args = parser.parse_args()
    report = train(args.set, args.out, Settings(rounds=args.rounds))
    print(json.dumps({name: report[name] for name in ("cross_validated", "test")}))  # noqa: T201


if __name__ == "__main__":
    main()
