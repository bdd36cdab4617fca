"""KID: do made pictures, as a crowd, look like real ones?

The Kernel Inception Distance of Bińkowski et al. 2018, *Demystifying MMD GANs*, section 4: the
squared maximum mean discrepancy between two crowds of features under a cubic kernel, estimated
without bias, so that it can be compared where pictures are few, and may be below 0.
"""

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError

__all__ = ["kid", "kid_of_each", "scale_of"]


def kid(
    made: NDArray[np.floating], real: NDArray[np.floating], *, scale: float | None = None
) -> float:
    """The distance of two crowds; 0 is expected where both are of one kind.

    Args:
        made: Features `[N, D]`, N at least 2.
        real: Features `[M, D]`, M at least 2.
        scale: Factor of the inner products in the kernel `(scale * x.y + 1) ** 3`. By default
            `1 / D` as in the paper, whose features are of unit size; see `scale_of` for others.

    Raises:
        UsageError: The shapes are others.
    """
    return float(kid_of_each(made, real, scale=scale).mean())


def kid_of_each(
    made: NDArray[np.floating], real: NDArray[np.floating], *, scale: float | None = None
) -> NDArray[np.float64]:
    """What each made picture adds to `kid`: `[N]`, whose mean it is.

    Their spread says how sure the figure is, given these real pictures: it is the first-order
    term of the estimate's variance (Hoeffding 1948). Where two models made the same pictures, the
    differences picture by picture say how sure the difference of their figures is.

    Args:
        made: As in `kid`.
        real: As in `kid`.
        scale: As in `kid`.

    Raises:
        UsageError: The shapes are others.
    """
    fitting = made.ndim == real.ndim == 2 and made.shape[1] == real.shape[1]
    if not fitting or min(len(made), len(real)) < 2:
        raise UsageError(
            f"features are {list(made.shape)} and {list(real.shape)}; expected [N, D] and [M, D] "
            "with N and M at least 2"
        )
    scale = 1 / made.shape[1] if scale is None else scale
    x, y = made.astype(np.float64), real.astype(np.float64)
    among_made = _others(_kernel(x, x, scale))
    among_real = _others(_kernel(y, y, scale)).mean()
    between = _kernel(x, y, scale).mean(axis=1)
    shares: NDArray[np.float64] = 2 * among_made - among_made.mean() + among_real - 2 * between
    return shares


def scale_of(real: NDArray[np.floating]) -> float:
    """The scale under which real features have inner products of about 1, as the paper's have.

    With `1 / D`, features that are smaller, such as face descriptors, leave the kernel all but
    linear, and KID would then compare nothing but means: it would not see a collapse.

    Args:
        real: `[M, D]`.
    """
    return 1 / max(float(np.square(real, dtype=np.float64).sum(axis=1).mean()), 1e-12)


def _kernel(x: NDArray[np.float64], y: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    return (scale * (x @ y.T) + 1) ** 3


def _others(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each picture the mean over all others."""
    means: NDArray[np.float64] = (kernel.sum(axis=1) - np.diagonal(kernel)) / (len(kernel) - 1)
    return means
