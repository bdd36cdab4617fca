"""Loss terms, as functions of tensors that return a scalar tensor."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from limner.training.config import GANLoss

CELL = 8
"""Side in px of the cells in which colours are compared with hints."""

AREA = 64
"""Side in px of the areas in which the strength of a grid is measured: the smaller, the more of it
is texture that happens to alternate."""


def discriminator_loss(
    kind: GANLoss, scores: Tensor, labels: Tensor, *, weight: Tensor | None = None
) -> Tensor:
    """The loss of a discriminator.

    - `least-squares`: half the mean squared distance of the scores to their labels. Mao et al.
      2017, *Least Squares Generative Adversarial Networks*, equation 9.
    - `plain`: binary cross-entropy of the scores as logits. Goodfellow et al. 2014, *Generative
      Adversarial Nets*, equation 1. Labels are probabilities, so they are clamped to 0..1.
    - `hinge`: Lim and Ye 2017, *Geometric GAN*, equation 10. Labels from 0 to 1 become signs from
      -1 to 1: noise on them moves the margin, and a flip changes sides.

    Args:
        kind: Which of them.
        scores: `[B, 1, h, w]`, unbounded.
        labels: `[B, 1, 1, 1]`, about 1 for real and 0 for fake.
        weight: `[B]`, weight of each image; None for 1.
    """
    match kind:
        case "least-squares":
            return 0.5 * _mean((scores - labels).square(), weight)
        case "plain":
            probabilities = labels.clamp(0, 1).expand_as(scores)
            wrong = F.binary_cross_entropy_with_logits(scores, probabilities, reduction="none")
            return _mean(wrong, weight)
        case "hinge":
            return _mean(F.relu(1 - (2 * labels - 1) * scores), weight)


def generator_loss(kind: GANLoss, scores: Tensor, *, weight: Tensor | None = None) -> Tensor:
    """The adversarial loss of a generator whose images got these scores.

    `plain` is the non-saturating form (Goodfellow et al. 2014, section 3); `hinge` has no lower
    bound. See `discriminator_loss`.
    """
    match kind:
        case "least-squares":
            return 0.5 * _mean((scores - 1).square(), weight)
        case "plain":
            return _mean(F.softplus(-scores), weight)
        case "hinge":
            return -_mean(scores, weight)


def noisy_labels(draws: NDArray[np.float64], *, real: bool, noise: float, flips: float) -> Tensor:
    """Noisy labels of real (1) or fake (0) images: `[B, 1, 1, 1]` on the CPU.

    The stabilisers of the 2018 study: Gaussian noise of standard deviation `noise`, and a share
    `flips` of the labels swapped, so that the discriminator does not become certain.

    Args:
        draws: `[B, 2]`: for each image a number in [0, 1) and a standard normal one.
        real: Whether the images are real.
        noise: See above.
        flips: See above.
    """
    labels = ((draws[:, 0] < flips) ^ real) + noise * draws[:, 1]
    return torch.from_numpy(labels.astype(np.float32)).view(-1, 1, 1, 1)


def pyramid_l1(
    made: Tensor, truth: Tensor, levels: int = 4, *, weight: Tensor | None = None
) -> Tensor:
    """Mean absolute difference, averaged over `levels` halvings of the image.

    At full resolution alone, L1 penalises fine texture, which a sketch does not determine. The
    coarser levels add weight to tone and colour of larger areas.

    Args:
        made: `[B, C, H, W]` in [-1, 1].
        truth: The same.
        levels: At least 1, which is the plain L1 loss.
        weight: `[B]`, weight of each image; None for 1.
    """
    total = _mean((made - truth).abs(), weight)
    for _ in range(levels - 1):
        made, truth = F.avg_pool2d(made, 2), F.avg_pool2d(truth, 2)
        total = total + _mean((made - truth).abs(), weight)
    return total / levels


def hinted_l1(made: Tensor, truth: Tensor, hints: Tensor) -> Tensor:
    """Mean absolute difference of the colours around hints, 0 if there are none.

    Colours are averaged over cells of `CELL` px; those count in or beside which there is a hint.
    Hints of one image in two, on a few per cent of it, would be lost in `pyramid_l1`.

    Args:
        made: `[B, 3, H, W]` in [-1, 1].
        truth: The same.
        hints: `[B, 4, H, W]`, of which the last channel is 1 where there is a hint, else 0.
    """
    wrong = (F.avg_pool2d(made, CELL) - F.avg_pool2d(truth, CELL)).abs().mean(dim=1, keepdim=True)
    near = F.max_pool2d(F.max_pool2d(hints[:, 3:], CELL), 3, stride=1, padding=1)
    of_each = (wrong * near).sum(dim=(1, 2, 3)) / near.sum(dim=(1, 2, 3)).clamp(min=1)
    return of_each.mean()


def gradient_l1(made: Tensor, truth: Tensor, *, weight: Tensor | None = None) -> Tensor:
    """Mean absolute difference of the images' differences along both axes.

    Mathieu et al. 2016, *Deep multi-scale video prediction beyond mean square error*, equation 6,
    with the sign of the gradient kept. `weight` as in `pyramid_l1`.
    """
    difference = made - truth
    down, right = difference.diff(dim=2).abs(), difference.diff(dim=3).abs()
    return _mean(down, weight) + _mean(right, weight)


def grid_amplitude(made: Tensor) -> Tensor:
    """Mean amplitude of a grid of 2 px, as upsampling leaves it.

    Nearest-neighbour upsampling before a convolution avoids the grid that a transposed convolution
    begins with (Odena et al. 2016, *Deconvolution and Checkerboard Artifacts*), and can still learn
    one, as it tells even pixels from odd ones. Photos have none. Minus a smoothed copy, which takes
    shading away, the pixels of each square of 2 px are averaged by their place in it over areas
    of `AREA` px: fine texture cancels out, and what these four averages differ by is a grid.

    Args:
        made: `[B, C, H, W]` in [-1, 1]; H and W are even.

    Returns:
        A scalar, at least 0: 0.01 for a grid that alternates by ±0.01.
    """
    made = made.float()
    smooth = F.avg_pool2d(F.avg_pool2d(made, 2, stride=1), 2, stride=1)  # weights 1, 2, 1
    by_place = F.pixel_unshuffle(made[..., 1:-1, 1:-1] - smooth, 2)
    down, across = (max(1, side // AREA) for side in made.shape[2:])
    averages = F.adaptive_avg_pool2d(by_place, (down, across))
    averages = averages.view(len(made), -1, 4, down, across)  # channel, place in the square
    return (averages - averages.mean(dim=2, keepdim=True)).abs().mean()


def feature_l1(
    made: Sequence[Tensor], truth: Sequence[Tensor], *, weight: Tensor | None = None
) -> Tensor:
    """Mean absolute difference of the discriminator's features, averaged over its stages.

    Wang et al. 2018, *High-Resolution Image Synthesis and Semantic Manipulation with Conditional
    GANs* (pix2pixHD), equation 4. The ground truth's features get no gradients.
    `weight` as in `pyramid_l1`.
    """
    pairs = zip(made, truth, strict=True)
    terms = [_mean((m - t.detach()).abs(), weight) for m, t in pairs]
    return torch.stack(terms).mean()


def perceptual(
    generated: Sequence[Tensor], truth: Sequence[Tensor], *, weight: Tensor | None = None
) -> Tensor:
    """Mean absolute difference of unit-normalised features, averaged over the stages.

    Johnson et al. 2016, *Perceptual Losses for Real-Time Style Transfer and Super-Resolution*. At
    each position, features are scaled as in Zhang et al. 2018, *The Unreasonable Effectiveness of
    Deep Features as a Perceptual Metric* (LPIPS), equation 1: to a mean square of one over the
    channels, so that the terms of all stages have the same order of magnitude.

    Args:
        generated: Features of a frozen network, `[B, C, h, w]` for each stage.
        truth: Those of the ground truth.
        weight: `[B]`, weight of each image; None for 1.
    """
    pairs = zip(generated, truth, strict=True)
    terms = [_mean((_unit(g) - _unit(t)).abs(), weight) for g, t in pairs]
    return torch.stack(terms).mean()


def identity(made: Tensor, truth: Tensor, *, weight: Tensor | None = None) -> Tensor:
    """Mean squared Euclidean distance between the face descriptors of two batches.

    The identity distance of Schroff et al. 2015 (*FaceNet*), used as a loss.

    Args:
        made: Descriptors, `[B, 128]`.
        truth: The same.
        weight: `[B]`, weight of each image; None for 1.
    """
    return _mean((made - truth).square().sum(dim=1), weight)


def _unit(features: Tensor) -> Tensor:
    features = features.float()
    return features * torch.rsqrt(features.square().mean(dim=1, keepdim=True) + 1e-4)


def _mean(differences: Tensor, weight: Tensor | None) -> Tensor:
    """The mean over all positions of each image, times its weight, averaged over the images."""
    if weight is None:
        return differences.mean()
    return (differences.reshape(len(differences), -1).mean(dim=1) * weight).mean()
