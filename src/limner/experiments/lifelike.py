"""Photos that look less painted, at 128 px."""

from limner.networks.config import ProjectedConfig, UNetConfig
from limner.training.config import (
    Augmentation,
    Config,
    DiscriminatorAugmentation,
    Hands,
    Weights,
)


def lifelike() -> Config:
    r"""Sketch to photo, judged by features of a frozen network, from sketches as people make them.

    One sketch in three is as if drawn with a mouse, and one by an unsteady, hatching hand. A
    projected discriminator and perceptual terms judge more than pixels. The generator takes how
    literally each sketch is meant and, for half of them, colour hints. It starts from `pix2pix`,
    whose generator is the same except for these inputs:

        limner prepare PHOTOS SET --size 160 --source-info docs/portrait-sources.toml \
            --identity 'london_\w+/(\d+)_'
        limner train lifelike RUN --set data=SET --set init_from=FIRST

    where FIRST is a run of `pix2pix`.

    Cost: 20 images/s on 2 cores of an AMD EPYC (Zen 5), so 5.5 hours in all.
    Outcome after 259,000 images in several runs, shipped as `lifelike`: no grid, less painted,
    rank-1 0.39 on `cufs_cuhk_train` and 0.65 on `cufs_ar`, skin as given by a hint to a CIEDE2000
    of 5; see `docs/experiments.md`. To continue from there:
    `--set init_from=lifelike`.
    """
    return Config(
        experiment="lifelike",
        generator=UNetConfig(width=24, literal=True, hints=True),
        discriminator=ProjectedConfig(),
        augmentation=Augmentation(exposure=0.45),
        discriminator_augmentation=DiscriminatorAugmentation(
            colour=True, colour_strength=0.4, translation=0.08
        ),
        weights=Weights(
            adversarial=1.0,
            l1=4.0,
            features=0.0,
            perceptual=4.0,
            face=2.0,
            hints=8.0,
            identity=1.0,
        ),
        recoloured=0.5,
        hands=Hands(crude=0.35, rough=0.3),
        sampling={"sfhq_t2i": 0.35, "sfhq": 0.5, "us_congress": 0.7},
        smiling=0.2,
        lift=True,
        images=400_000,
        batch=8,
        lr=2e-4,
        discriminator_lr=2.0,
        betas=(0.0, 0.99),
        clip=5.0,
        warm_up=1_200,
        label_noise=0.0,
        label_flips=0.0,
        image_pool=0,
        ema_half_life=1_100.0,
        decay_from=0.8,
        save_every=4_000,
        snapshot_every=8_000,
    )
