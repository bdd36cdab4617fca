"""FID, KID and Inception Score, compared with torchmetrics.

Works on random features, so that no network is needed: torchmetrics takes a module that computes
features, here one that returns its input. Prints both values and their relative difference. The
exit code is 1 if any difference exceeds 1e-6 of the value (1e-6 absolute for values below 1). With
fewer pictures than features, torchmetrics' FID loses digits: it takes roots of eigenvalues that
should be 0.

    pip install torchmetrics
    python benchmarks/formulas.py
"""

import sys
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limner.metrics.realism.fid import fid
from limner.metrics.realism.inception_score import inception_score
from limner.metrics.realism.kid import kid

LIMIT = 1e-6
UNPAIRED = ((300, 300, 16), (1000, 600, 128), (2000, 2000, 512), (90, 100, 128))
"""Numbers of generated pictures, real pictures and features."""
SCORED = ((500, 1000, 1), (500, 1000, 10))
"""Numbers of pictures, classes and splits."""


class Identity(nn.Module):
    """A feature extractor that returns its input."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.num_features = size

    def forward(self, features: Tensor) -> Tensor:
        """Return the features as they are."""
        return features


def main() -> int:
    """Print one line per comparison."""
    try:
        import torchmetrics
    except ImportError:
        print("torchmetrics is not installed: pip install torchmetrics")
        return 2
    print(f"limner compared with torchmetrics {torchmetrics.__version__}, float64")
    rng = np.random.default_rng(0)
    worst = 0.0
    for generated_count, real_count, size in UNPAIRED:
        generated = 0.1 + 1.2 * rng.standard_normal((generated_count, size))
        real = rng.standard_normal((real_count, size))
        label = f"{generated_count} and {real_count} x {size}"
        worst = max(worst, _compared(f"FID, {label}", fid(generated, real), _fid(generated, real)))
        same = min(generated_count, real_count)
        ours, theirs = kid(generated[:same], real[:same]), _kid(generated[:same], real[:same])
        worst = max(worst, _compared(f"KID, {same} each x {size}", ours, theirs))
    for count, classes, splits in SCORED:
        logits = 3 * rng.standard_normal((count, classes))
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        ours, theirs = _scores(logits, probabilities, splits)
        worst = max(worst, _compared(f"IS, {count} x {classes}, {splits} splits", ours, theirs))
    print(f"largest difference {worst:.1e}, limit {LIMIT:.0e}")
    return int(worst > LIMIT)


def _compared(label: str, ours: float, theirs: float) -> float:
    apart = abs(ours - theirs) / max(1, abs(theirs))
    print(f"{label:32s} {ours:18.10f} {theirs:18.10f}   {apart:.1e}")
    return apart


def _fid(generated: NDArray[np.float64], real: NDArray[np.float64]) -> float:
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=Identity(generated.shape[1]))
    metric.set_dtype(torch.float64)
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(generated), real=False)
    return float(metric.compute())


def _kid(generated: NDArray[np.float64], real: NDArray[np.float64]) -> float:
    from torchmetrics.image.kid import KernelInceptionDistance

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its memory use
        metric = KernelInceptionDistance(
            feature=Identity(generated.shape[1]), subsets=1, subset_size=len(generated)
        )
    metric.set_dtype(torch.float64)
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(generated), real=False)
    return float(metric.compute()[0])


def _scores(
    logits: NDArray[np.float64], probabilities: NDArray[np.float64], splits: int
) -> tuple[float, float]:
    """Return ours and theirs for the same splits; theirs shuffles the pictures before splitting."""
    from torchmetrics.image.inception import InceptionScore

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metric = InceptionScore(feature=Identity(logits.shape[1]), splits=splits)
    metric.set_dtype(torch.float64)
    metric.update(torch.from_numpy(logits))
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the spread of a single split
        theirs = float(metric.compute()[0])
    torch.manual_seed(0)
    order = torch.randperm(len(logits)).numpy()
    return inception_score(probabilities[order], splits=splits), theirs


if __name__ == "__main__":
    sys.exit(main())
