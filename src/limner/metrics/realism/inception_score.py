"""Inception Score: are generated pictures clear, and of many kinds?

Salimans et al. 2016, *Improved Techniques for Training GANs*, section 4::

    exp(mean of KL(p(y|x) || p(y)))

with p(y|x) the probabilities that Inception-v3 gives ImageNet's classes on picture x, and p(y)
their mean over all pictures. It is here because papers give it, and says little of faces, as
Barratt and Sharma 2018, *A Note on the Inception Score*, explain:

- the classes are those of ImageNet, objects and animals, none of them a face: to be taken for
  a seat belt or a wig with certainty scores well;
- it depends on the weights of the network, even of networks that are equally accurate;
- no real picture takes part: it sees no difference from what pictures should look like, and one
  perfect picture of each class scores best, whatever the collapse within;
- it grows with the number of pictures, and with how few parts they are split into.
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
    """The score of the generated photos.

    Raises:
        UsageError: There are no parts to split them into.
    """

    feature: Feature
    """Probabilities of classes: `limner.features.inception.InceptionProbabilities`."""
    splits: int = 1
    """Parts whose scores are averaged. Papers have 10, of 5,000 pictures each; Barratt and Sharma
    advise against splitting, which makes the score of few pictures smaller still."""
    name: ClassVar[str] = "inception_score"
    title: ClassVar[str] = "Inception Score"
    question: ClassVar[str] = "Does a network for objects see many kinds of them, and clearly?"
    inputs: Mapping[str, Input] = field(init=False)

    def __post_init__(self) -> None:
        if self.splits < 1:
            raise UsageError(f"splits is {self.splits}; it must be at least 1")
        object.__setattr__(self, "inputs", {"generated": Input.of(self.feature, "generated")})

    @property
    def min_pictures(self) -> int:
        """See `Metric.min_pictures`: a part of one picture scores 1 whatever it is."""
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
            # Of a set with repetitions it is smaller than it is.
            estimate=resampling.of(statistic, len(generated), centred=True),
            better="higher",
            digits=2,
            warnings=(
                "its classes are objects, none of them a face; it depends on the network's "
                f"weights, and on the number of pictures ({len(generated)} in {self.splits} "
                f"part{'s' * (self.splits > 1)}): compare it only where all of these are the same"
                ", and trust any other score more",
            ),
        )


def inception_score(probabilities: NDArray[np.floating], *, splits: int = 1) -> float:
    """The score: 1 at least, and at most the number of classes or of pictures in a part.

    Args:
        probabilities: `[N, C]`, rows that add up to 1; zeros count as such.
        splits: As in `InceptionScore`; parts are of neighbours, and as equal as can be.

    Raises:
        UsageError: The shape is another, or there are fewer pictures than parts.
    """
    if probabilities.ndim != 2 or not 1 <= splits <= len(probabilities):
        raise UsageError(
            f"probabilities are {list(probabilities.shape)} in {splits} parts; expected [N, C] "
            "with a picture in each part at least"
        )
    return float(_weighted(probabilities, np.ones((1, len(probabilities))), splits)[0])


def _weighted(
    probabilities: NDArray[np.floating], weights: Weights, splits: int
) -> NDArray[np.float64]:
    """Score of sets in which each picture comes so often: `[B]`.

    The mean of the divergences is the entropy of the mean less the mean entropy. A part none of
    whose pictures was drawn scores 1, as one picture does.
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
    """Of each row, in nats."""
    logarithms = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    entropy: NDArray[np.float64] = -(probabilities * logarithms).sum(axis=1)
    return entropy
