"""The experiment of the default model: `lifelike` at twice the size."""

import dataclasses

from limner.experiments.lifelike import lifelike
from limner.networks.config import ProjectedConfig, UNetConfig
from limner.training.config import Config, Fine


def portrait() -> Config:
    r"""Sketch to photo at 256 px, grown from a model of 128 px.

    A U-Net of half the width and one more level contains that of `lifelike`, and begins with its
    photos enlarged. Frozen networks see photos shrunk to 128 px, and crops of 128 px; crops of
    faces that were enlarged to this size do not count. Wider discriminators see sooner that
    enlarged photos are soft. It needs a dataset of larger faces:

        limner prepare PHOTOS SET --size 320 --source-info docs/portrait-sources.toml \
            --identity 'london_\w+/(\d+)_'
        limner train portrait RUN --set data=SET --set init_from=LIFELIKE

    where LIFELIKE is a run of `lifelike`, or `lifelike` for the shipped model of that name.

    The result is filtered (`antialias`), which costs nothing worth mentioning: without, photos have
    a grid of 2 px and are sharper than photos are. `docs/experiments.md` tells of a run with other
    settings (`weights.grid` instead of the filter, more bright photos, discriminators that see more
    of the true colours), whose scores were better and whose colours were not.

    Cost: 8 to 9 images/s on 2 cores of an AMD EPYC (Zen 5), so 6 hours in all.
    Outcome after 54,040 images (`--for` with `decay_by=time`; the filter was added afterwards),
    shipped as `portrait`: skin and hair with texture, as close to the person as `lifelike` or
    closer on hand-drawn sketches; see `docs/model-card.md`. To continue from there:
    `--set init_from=portrait`.
    """
    base = lifelike()
    return dataclasses.replace(
        base,
        experiment="portrait",
        size=256,
        generator=UNetConfig(  # as `lifelike` has it, but for the filter
            width=12, depth=5, literal=True, hints=True, antialias=True
        ),
        discriminator=ProjectedConfig(width=96, patch_width=64),
        fine=Fine(crop=128),
        images=200_000,
    )
