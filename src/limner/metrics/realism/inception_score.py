"""Inception Score: are generated pictures clear and diverse?

Salimans et al. 2016, *Improved Techniques for Training GANs*, section 4::

    exp(mean of KL(p(y|x) || p(y)))

with p(y|x) the probabilities of ImageNet's classes that Inception-v3 outputs for picture x, and
p(y) their mean over all pictures. It is included because papers report it. It says little about
faces, as Barratt and Sharma 2018, *A Note on the Inception Score*, explain:

- the classes are those of ImageNet, objects and animals, without a face: to be classified
  confidently as a seat belt or a wig scores well;
- it depends on the weights of the network, even among equally accurate networks;
- it does not use real pictures: it does not notice how generated ones differ from them, and one
  perfect picture of each class scores best, even if each class has collapsed;
- it grows with the number of pictures, and with fewer splits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.features.feature import Feature, Features, Input
from limner.metrics.resampling import Resampling, Weights
from limner.metrics.score import Score

__all__ = ["InceptionScore", "inception_score"]


@dataclass(frozen=True, kw_only=True)
class InceptionScore:
    """Inception Score of generated photos.

    Raises:
        UsageError: `splits` is below 1.
    """

    feature: Feature
    """Class probabilities: `limner.features.inception.InceptionProbabilities`."""
    splits: int = 1
    """Number of parts whose scores are averaged. Papers use 10, of 5,000 pictures each; Barratt and
    Sharma advise against splitting, which lowers the score of few pictures further."""
    name: ClassVar[str] = "inception_score"
    title: ClassVar[str] = "Inception Score"
    question: ClassVar[str] = "Does a classifier of objects see clear and diverse classes?"
    inputs: Mapping[str, Input] = field(init=False)

    def __post_init__(self) -> None:
        if self.splits < 1:
            raise UsageError(f"splits is {self.splits}; it must be at least 1")
        object.__setattr__(self, "inputs", {"generated": Input.of(self.feature, "generated")})

    @property
    def min_pictures(self) -> int:
        """See `Metric.min_pictures`: a part of one picture always scores 1."""
        return 2 * self.splits

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        generated = features["generated"]

        def statistic(weights: Weights) -> NDArray[np.float64]:
            return _weighted(generated, weights, self.splits)

        parts = "" if self.splits == 1 else f", mean of {self.splits} parts"
        yield Score(
            name="inception_score",
            title=f"Inception Score: diversity and clarity by ImageNet's classes{parts}",
            # Repeated pictures bias it downwards.
            estimate=resampling.of(statistic, len(generated), centred=True),
            better="higher",
            digits=2,
            warnings=(
                "its classes are objects, not faces; it depends on the network's weights and on "
                f"the number of pictures ({len(generated)} in {self.splits} "
                f"part{'s' * (self.splits > 1)}): compare it only if these are the same, and trust "
                "any other score more",
            ),
        )


def inception_score(probabilities: NDArray[np.floating], *, splits: int = 1) -> float:
    """The score: at least 1, and at most the number of classes or of pictures in a part.

    Args:
        probabilities: `[N, C]`, rows that add up to 1; zeros are allowed.
        splits: As in `InceptionScore`; parts are consecutive and of nearly equal size.

    Raises:
        UsageError: The shape is wrong, or there are fewer pictures than parts.
    """
    if probabilities.ndim != 2 or not 1 <= splits <= len(probabilities):
        raise UsageError(
            f"probabilities are {list(probabilities.shape)} in {splits} parts; expected [N, C] "
            "with at least one picture in each part"
        )
    return float(_weighted(probabilities, np.ones((1, len(probabilities))), splits)[0])


def _weighted(
    probabilities: NDArray[np.floating], weights: Weights, splits: int
) -> NDArray[np.float64]:
    """Score of resampled sets: `[B]`.

    The mean of the divergences is the entropy of the mean minus the mean entropy. A part without
    resampled pictures scores 1, as one picture does.
    """
    found = probabilities.astype(np.float64)
    own = _entropy(found)
    count = len(found)
    scores = np.zeros(len(weights))
    for part in range(splits):
        rows = slice(part * count // splits, (part + 1) * count // splits)
        total = np.maximum(weights[:, rows].sum(axis=1), 1)
        mean = weights[:, rows] @ found[rows] / total[:, None]
        scores += np.exp(_entropy(mean) - weights[:, rows] @ own[rows] / total)
    return scores / splits


def _entropy(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy of each row, in nats."""
    logarithms = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    entropy: NDArray[np.float64] = -(probabilities * logarithms).sum(axis=1)
    return entropy
