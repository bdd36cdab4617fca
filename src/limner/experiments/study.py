"""The experiments of the 2018 study, each defined by one difference from another.

All are a CycleGAN with the study's networks, losses, stabilisers and optimiser. Details that the
study does not give are those of Zhu et al. 2017: weights 10 for the cycle and 1 for an adversarial
term whose square is not halved, 50 images in the pool, a learning rate that falls to zero in the
second half of the run, and images mirrored at random.

Lengths are the study's: epochs times 1500 photos, or 3000 in Set2. Costs are in hours of one core
of an Intel Xeon with AMX, by its processor time and extrapolated from a few steps, as
`benchmarks/training.py experiments --data SET --threads 1` prints them; these experiments are meant
for a GPU. Outcomes are those of the study, by eye.
"""

import dataclasses

from limner.networks.config import ResNetConfig, UNetConfig
from limner.training.config import Augmentation, Config, Weights

__all__ = [
    "aligned",
    "balanced",
    "discogan",
    "exact_labels",
    "filtered",
    "plain_gan",
    "resnet",
    "unaligned",
    "uncycled",
    "ungrouped",
]

PHOTOS = 1500
"""Of Set1; an epoch."""


def balanced() -> Config:
    """The study's best: aligned faces, and one smiling photo in 20.

        limner prepare set1 SET --data SOURCES
        limner train balanced RUN --set data=SET

    `set1` uses CelebA, CUFS and a folder of collected sketches; with fewer images it keeps the
    proportions. 128 px, 128 epochs, batches of 16, U-Net of width 32 with 4 groups in the
    bottleneck.

    Cost: 42 hours of one core.
    Outcome: the best of the study's models; low-quality inputs still fail, and some outputs look
    like the average CUFS face instead of their input.
    """
    return Config(
        experiment="balanced",
        objective="cyclegan",
        size=128,
        generator=UNetConfig(width=32, depth=4, groups=4),
        weights=Weights(adversarial=2.0, cycle=10.0),
        augmentation=Augmentation(mirror=True, rotation=0, scale=0, shift=0),
        images=128 * PHOTOS,
        batch=16,
        save_every=4 * PHOTOS,
        snapshot_every=16 * PHOTOS,
    )


def aligned() -> Config:
    """As `balanced`, on photos of mostly smiling people: the version before balancing.

        limner prepare set1-smiling SET --data SOURCES
        limner train aligned RUN --set data=SET

    Only the dataset differs.

    Cost: that of `balanced`.
    Outcome: much better volumes and colours than `unaligned`; smiles added by mistake.
    """
    return dataclasses.replace(balanced(), experiment="aligned")


def unaligned() -> Config:
    """As `aligned`, at 256 px and half as long, on images whose faces are not aligned.

        limner prepare set1-unaligned SET --data SOURCES
        limner train unaligned RUN --set data=SET

    Cost: 96 hours of one core.
    Outcome: faces are not translated, odd colours, heavy artefacts from photo to sketch too.
    """
    return dataclasses.replace(aligned(), experiment="unaligned", size=256, images=64 * PHOTOS)


def filtered() -> Config:
    """As `balanced`, on Set2: 1000 filtered photos among the sketches, and twice as many photos.

        limner prepare set2 SET --data SOURCES
        limner train filtered RUN --set data=SET

    Cost: twice that of `balanced`, as an epoch is twice as long.
    Outcome: no help, as filtered photos do not look hand-drawn.
    """
    return dataclasses.replace(balanced(), experiment="filtered", images=128 * 2 * PHOTOS)


def ungrouped() -> Config:
    """As `balanced`, with ordinary convolutions in the bottleneck instead of 4 groups.

        limner train ungrouped RUN --set data=SET

    Cost: that of `balanced`.
    Outcome: worse than with groups.
    """
    one = balanced()
    generator = UNetConfig(width=32, depth=4, groups=1)
    return dataclasses.replace(one, experiment="ungrouped", generator=generator)


def resnet() -> Config:
    """As `balanced`, with the study's first generator: residual blocks, without skips around them.

        limner train resnet RUN --set data=SET

    Six blocks of 256 channels and instance normalisation, as in Zhu et al. for 128 px.

    Cost: 131 hours of one core.
    Outcome: the study replaced it by the U-Net.
    """
    return dataclasses.replace(
        balanced(), experiment="resnet", generator=ResNetConfig(width=64, blocks=6)
    )


def plain_gan() -> Config:
    """As `balanced`, with the GAN loss of Goodfellow et al. 2014 instead of least squares.

        limner train plain-gan RUN --set data=SET

    The least squares of `balanced` are halved and weighed by 2, which is the 1 of Zhu et al.; the
    cross-entropy is not halved, so its weight is 1.

    Cost: that of `balanced`.
    Outcome: named by the study as the alternative; it chose least squares.
    """
    one = balanced()
    weights = dataclasses.replace(one.weights, adversarial=1.0)
    return dataclasses.replace(one, experiment="plain-gan", gan="plain", weights=weights)


def exact_labels() -> Config:
    """As `balanced`, without the stabilisers: no noise on the labels, and none flipped.

        limner train exact-labels RUN --set data=SET

    Cost: that of `balanced`.
    Outcome: the study kept noise and flips, to stabilise its training.
    """
    return dataclasses.replace(
        balanced(), experiment="exact-labels", label_noise=0.0, label_flips=0.0
    )


def uncycled() -> Config:
    """As `balanced`, without a cycle loss: only the discriminators judge the results.

        limner train uncycled RUN --set data=SET

    Cost: that of `balanced`.
    Outcome: none of the study's own, which never left the loss out. Without it nothing ties a photo
    to its sketch.
    """
    one = balanced()
    weights = dataclasses.replace(one.weights, cycle=0.0)
    return dataclasses.replace(one, experiment="uncycled", weights=weights)


def discogan() -> Config:
    """As `balanced`, with the reconstruction of DiscoGAN: squared error, weighed as the GAN loss.

        limner train discogan RUN --set data=SET

    Kim et al. 2017, *Learning to Discover Cross-Domain Relations with Generative Adversarial
    Networks*, equation 5, adds both without a factor; so both have the weight 2 here. Networks and
    GAN loss stay those of `balanced`.

    Cost: that of `balanced`.
    Outcome: named by the study as the alternative; it chose the L1 cycle loss.
    """
    one = balanced()
    weights = dataclasses.replace(one.weights, cycle=one.weights.adversarial)
    return dataclasses.replace(one, experiment="discogan", cycle_distance="l2", weights=weights)
