import pytest

from limner.experiments import config_of
from limner.settings import flatten

ADVERSARIAL = {"weights.adversarial": (1.0, 2.0)}
"""The squares of least squares are halved, and the cross-entropy is not."""


def differences(one, other):
    a, b = (flatten(config_of(name).to_dict()) for name in (one, other))
    return {n: (a.get(n), b.get(n)) for n in a.keys() | b.keys() if a.get(n) != b.get(n)}


def test_the_balanced_experiment_has_the_settings_of_the_study():
    """Spec: a 70x70 PatchGAN, Adam at 2e-4 with (0.5, 0.9), batches of 16, noisy labels."""
    config = config_of("balanced")
    assert (config.objective, config.gan, config.images) == ("cyclegan", "least-squares", 192_000)
    assert (config.size, config.batch, config.lr, config.betas) == (128, 16, 2e-4, (0.5, 0.9))
    assert (config.label_noise, config.label_flips) == (0.1, 0.01)
    assert (config.discriminator.receptive_field, config.discriminator.norm) == (70, "instance")
    generator = config.generator
    assert (generator.width, generator.depth, generator.groups) == (32, 4, 4)


@pytest.mark.parametrize(
    ("one", "other", "settings"),
    [
        ("aligned", "balanced", {}),
        ("unaligned", "aligned", {"size": (256, 128), "images": (96_000, 192_000)}),
        ("filtered", "balanced", {"images": (384_000, 192_000)}),
        ("ungrouped", "balanced", {"generator.groups": (1, 4)}),
        ("plain-gan", "balanced", {"gan": ("plain", "least-squares"), **ADVERSARIAL}),
        ("exact-labels", "balanced", {"label_noise": (0.0, 0.1), "label_flips": (0.0, 0.01)}),
        ("uncycled", "balanced", {"weights.cycle": (0.0, 10.0)}),
        ("discogan", "balanced", {"weights.cycle": (2.0, 10.0), "cycle_distance": ("l2", "l1")}),
    ],
)
def test_each_experiment_differs_only_in_its_own_settings(one, other, settings):
    assert differences(one, other) == {"experiment": (one, other), **settings}


def test_the_resnet_experiment_differs_only_in_the_generator():
    found = differences("resnet", "balanced")
    assert found.pop("experiment") == ("resnet", "balanced")
    assert found["generator.kind"] == ("resnet", "unet")
    assert all(name.startswith("generator.") for name in found)


def test_hybrid_can_start_from_pix2pix():
    hybrid, first = config_of("hybrid"), config_of("pix2pix")
    assert (hybrid.generator, hybrid.discriminator) == (first.generator, first.discriminator)
