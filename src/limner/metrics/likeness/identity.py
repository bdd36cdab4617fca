"""Identity: does a generated photo show the same person as the ground truth?

Distances are those of dlib's face descriptor, see `limner.features.descriptor`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.features.descriptor import DESCRIPTOR
from limner.features.feature import Features, Input
from limner.metrics.resampling import Resampling, Weights, means
from limner.metrics.score import Score
from limner.metrics.subsampling import thinned

__all__ = ["Identity", "Retrieval", "Verification", "retrieval", "verification"]

_LIMITS = 1000
"""Maximum number of thresholds tried for the equal error rate, so that memory grows with the number
of people and not with its square."""


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """How well probes find the same person in a gallery."""

    rank1: float
    """Fraction of probes whose nearest picture in the gallery is of the same person."""
    rank5: float
    """Fraction of probes whose person is among the 5 nearest."""
    rank10: float
    """Fraction of probes whose person is among the 10 nearest."""
    genuine: float
    """Mean Euclidean distance between two pictures of the same person."""
    impostor: float
    """Mean Euclidean distance between pictures of different people; NaN for one person."""
    n: int
    """Number of people."""


def retrieval(probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> Retrieval:
    """Look every probe up in the gallery; row i of both is person i.

    A tie counts against the probe, so that identical descriptors score 0.

    Args:
        probes: `[N, D]`.
        gallery: `[N, D]`.

    Raises:
        UsageError: the shapes differ or there is no row.
    """
    if probes.ndim != 2 or probes.shape != gallery.shape or not len(probes):
        raise UsageError(
            f"probes are {list(probes.shape)}, gallery {list(gallery.shape)}; "
            "expected the same [N, D]"
        )
    own, nearer, (impostors, _) = _looked_up(probes, gallery)
    n = len(probes)
    return Retrieval(
        rank1=float((nearer < 1).mean()),
        rank5=float((nearer < 5).mean()),
        rank10=float((nearer < 10).mean()),
        genuine=float(own.mean()),
        impostor=float(impostors.mean()) if n > 1 else float("nan"),
        n=n,
    )


def _looked_up(
    probes: NDArray[np.float32], gallery: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """For each person: the genuine distance, and how many others are as near to the probe.

    And `[2, N]`: the mean distances of other people from their probe and from their picture in the
    gallery; NaN for one person.
    """
    n = len(probes)
    own, impostors = np.empty(n), np.zeros((2, n))
    nearer = np.empty(n, np.int64)
    for i, probe in enumerate(probes):
        away = _distances(gallery, probe)
        own[i] = away[i]
        nearer[i] = (away <= away[i]).sum() - 1
        impostors[0, i] = away.sum() - away[i]
        impostors[1] += away
    impostors[1] -= own
    return own, nearer, impostors / (n - 1) if n > 1 else np.full((2, n), np.nan)


def _distances(gallery: NDArray[np.float32], probe: NDArray[np.float32]) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = np.linalg.norm(gallery - probe, axis=1).astype(np.float64)
    return distances


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Verification by a threshold on the distance: the same person or another?

    At the threshold `d_i`, the distance of genuine pair i, `missed` and `false` are the fractions
    of genuine pairs that are farther apart and of impostor pairs that are as near (ISO/IEC 19795-1:
    false non-match and false match rate).
    """

    area: float
    """Area under the ROC curve (AUC): how often a genuine pair is nearer than an impostor pair; a
    tie counts half (Hanley and McNeil 1982)."""
    equal_error: float
    """Equal error rate (EER): the mean of `missed` and `false` where they are closest."""


class _Pairs:
    """All pairs of people, as the contribution of each person to the scores.

    A resampled person contributes a genuine pair, and impostor pairs on both sides: with the probe
    and with the picture in the gallery. Leaving out one side would make the confidence intervals
    too narrow. To the first order (Hoeffding 1948) both sides add up, so that resamples do not have
    to go through all pairs again.
    """

    def __init__(self, probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> None:
        n = len(probes)
        own = np.array([_distances(gallery[i : i + 1], probes[i])[0] for i in range(n)])
        self._order = np.argsort(own, kind="stable")
        steps = own[self._order]
        limits = steps[thinned(n, _LIMITS)]
        self._within = np.searchsorted(steps, limits, side="right") - 1
        """`[T]`: the last genuine pair, nearest first, within each threshold."""
        farther, wins = np.zeros(n + 1), np.zeros(n)
        near = np.zeros((n, len(limits) + 1), np.int32)
        for j, probe in enumerate(probes):
            others = np.arange(n) != j
            away = _distances(gallery, probe)[others]
            beaten = [np.searchsorted(steps, away, side=side) for side in ("left", "right")]
            farther += sum(np.bincount(places, minlength=n + 1) for places in beaten) / 2
            won = (beaten[0] + beaten[1]) / 2 / n
            wins[j] += won.sum()
            wins[others] += won
            first = np.searchsorted(limits, away)
            near[j] += np.bincount(first, minlength=len(limits) + 1)
            near[others, first] += 1
        pairs = n * (n - 1)
        self._false = np.cumsum(near[:, :-1], axis=1) / (n - 1)
        """`[N, T]`: twice the fraction of a person's impostor pairs within each threshold."""
        genuine = np.empty(n)
        genuine[self._order] = farther[::-1].cumsum()[::-1][1:] / pairs
        area = genuine.mean()
        self._area = genuine + wins / (n - 1) - 2 * area
        """`[N]`: contribution of each person to the area, which is the mean."""

    def area(self, weights: Weights) -> NDArray[np.float64]:
        """The area of each resample, `[B]`."""
        return np.clip(means(weights, self._area), 0, 1)

    def equal_error(self, weights: Weights) -> NDArray[np.float64]:
        """The equal error rate of each resample, `[B]`."""
        people = weights.sum(axis=1, keepdims=True)
        missed = 1 - (np.cumsum(weights[:, self._order], axis=1) / people)[:, self._within]
        # Both people of a pair count it, so that the mean over people is twice the fraction.
        false = np.clip(means(weights, self._false) - self._false.mean(axis=0) / 2, 0, 1)
        at = np.abs(missed - false).argmin(axis=1)
        rows = np.arange(len(weights))
        rates: NDArray[np.float64] = (missed[rows, at] + false[rows, at]) / 2
        return rates


def verification(probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> Verification:
    """Verify all pairs; row i of both is person i.

    Args:
        probes: `[N, D]`, N at least 2.
        gallery: `[N, D]`.

    Raises:
        UsageError: the shapes differ or there are fewer than 2 rows.
    """
    if probes.ndim != 2 or probes.shape != gallery.shape or len(probes) < 2:
        raise UsageError(
            f"probes are {list(probes.shape)}, gallery {list(gallery.shape)}; "
            "expected the same [N, D], N at least 2"
        )
    pairs, once = _Pairs(probes, gallery), np.ones((1, len(probes)))
    return Verification(
        area=float(pairs.area(once)[0]), equal_error=float(pairs.equal_error(once)[0])
    )


@dataclass(frozen=True)
class Identity:
    """Retrieval and verification of the generated photos among the ground-truth photos."""

    name: ClassVar[str] = "identity"
    title: ClassVar[str] = "Identity"
    question: ClassVar[str] = "Is it still the same person?"
    min_pictures: ClassVar[int] = 2
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(DESCRIPTOR, "generated"),
        "ground_truth": Input.of(DESCRIPTOR, "ground_truth"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`.

        Resamples draw probes and keep the gallery.
        """
        generated, ground_truth = features["generated"], features["ground_truth"]
        own, nearer, impostors = _looked_up(generated, ground_truth)
        few = () if len(generated) >= _FEW else (_few(len(generated)),)
        for rank in (1, 5, 10):
            if rank < len(generated):
                yield Score(
                    name=f"identity.rank{rank}",
                    title="rank-1: ground truth is the nearest photo"
                    if rank == 1
                    else f"rank-{rank}",
                    estimate=resampling.share(nearer < rank),
                    better="higher",
                    unit="%",
                    digits=1,
                    per_image=own,
                    per_image_title="distance to the ground truth",
                    per_image_better="lower",
                    warnings=few,
                )
        yield Score(
            name="identity.genuine",
            title="distance to the ground truth",
            estimate=resampling.mean(own),
            better="lower",
        )
        yield Score(
            name="identity.impostor",
            title="distance to other people",
            # A person is on both sides of such pairs.
            estimate=resampling.mean(impostors.sum(axis=0) - impostors[0].mean()),
            better="higher",
            per_image=impostors[0],
        )
        pairs = _Pairs(generated, ground_truth)
        yield Score(
            name="identity.auc",
            title="AUC (area under the ROC curve)",
            estimate=resampling.of(pairs.area, len(generated)),
            better="higher",
        )
        yield Score(
            name="identity.eer",
            title="EER (equal error rate)",
            estimate=resampling.of(pairs.equal_error, len(generated)),
            better="lower",
            unit="%",
            digits=1,
        )


_FEW = 50
"""Number of people below which retrieval is easy."""


def _few(people: int) -> str:
    return (
        f"the gallery has {people} people: the fewer, the easier to find one; compare only at "
        "equal n"
    )
