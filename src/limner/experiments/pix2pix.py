"""Pix2pix on synthetic pairs: what `lifelike` started from."""

from limner.networks.config import PatchGANConfig, UNetConfig
from limner.training.config import Config, Weights


def pix2pix() -> Config:
    r"""Sketch to photo from openly licensed portraits, re-sketched randomly every time.

    The U-Net of the 2018 study at width 24 instead of 32 and a PatchGAN at half its width, in
    batches of 8: two CPU cores can train it in two hours. Faces are learnt first, then identity:

        limner prepare PHOTOS SET --size 160 --source-info docs/portrait-sources.toml \
            --identity 'london_\w+/(\d+)_'
        limner train pix2pix FIRST --set data=SET --set weights.identity=0
        limner train pix2pix RUN --set data=SET --set init_from=FIRST --set seed=1
        limner export RUN pix2pix.onnx

    Cost: 52 and 65 minutes on 2 cores of an AMD EPYC (Zen 5), 15 to 19 images/s.
    Outcome: rank-1 0.67 on `cufs_ar` (raw sketches 0.59), 0.33 on `cufs_cuhk_train` (raw 0.43),
    0.99 on held-out photos sketched by limner; see `docs/experiments.md`.
    """
    return Config(
        experiment="pix2pix",
        generator=UNetConfig(width=24),
        discriminator=PatchGANConfig(width=32),
        weights=Weights(adversarial=2.0, l1=12.0, features=10.0, identity=1.0),
        images=60_000,
        batch=8,
        lr=3e-4,
        decay_from=0.6,
        snapshot_every=4_000,
    )
