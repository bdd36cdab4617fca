import pytest

from limner.errors import UsageError
from limner.experiments import EXPERIMENTS, config_of
from limner.networks.config import PatchGANConfig, ProjectedConfig, ResNetConfig, UNetConfig
from limner.training.config import Config, Fine


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_experiments_carry_their_name_and_survive_json(name):
    config = config_of(name)
    assert config.experiment == name
    assert Config.from_dict(config.to_dict()) == config


def test_settings_reach_nested_fields_in_their_type():
    config = Config(experiment="x").with_settings(
        ["generator.width=8", "lr=1e-3", "images=1e4", "betas=[0.5, 0.99]", "data=12"]
    )
    assert config.generator.width == 8
    assert (config.lr, config.betas) == (1e-3, (0.5, 0.99))
    assert config.images == 10_000
    assert config.data == "12"


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("width=8", "'width' is not a setting.*generator.width"),
        ("generator=8", "'generator' is not a setting"),
        ("generator.width", "write it as field=value"),
        ("generator.width=wide", "a number"),
        ("generator.width=2.5", "it must be a whole number"),
        ("label_flips=2", "between 0 and 1"),
        ("device=abacus", "choose from auto, cpu"),
        ("size=100", "multiple of 16"),
        ("images=0", "at least 1"),
        ("betas=[0.5]", "betas is"),
        ("augmentation.mirror=1", "it must be true or false"),
        ("lr=NaN", "a number"),
        ("weights.l1=-Infinity", "a number"),
        ("weights.identity=-1", "at least 0"),
        ("generator.kind=mlp", "generator.kind is 'mlp'; choose from unet, resnet"),
        ("generator.blocks=3", "'generator.blocks' is not a setting"),
        ("gan=wasserstein", "choose from least-squares, plain, hinge"),
        ("image_pool=-1", "at least 0"),
        ("discriminator_augmentation.cutout=2", "between 0 and 1"),
        ("generator.inputs=4", "1 channel of a sketch"),
        ("generator.outputs=1", "3 of a photo"),
        ("discriminator.strides=6", "must be at least 256"),
        ("lr=1e999", "it must be a number"),
        ("weights.l1=" + "9" * 400, "it must be a number"),
        ("images=1e999", "it must be a whole number"),
        ("seed=1e30", "at most 9223372036854775807"),
        ("workers=1e9", "at most 1024"),
        ("batch=1e9", "at most 65536"),
        ("size=8192", "at most 4096"),
        ("generator.depth=1e9", "at most 12"),
        ("generator.width=1e9", "at most 4096"),
        ("discriminator.kind=critic", "discriminator.kind is 'critic'; choose from patchgan, proj"),
        ("discriminator.patch_width=8", "'discriminator.patch_width' is not a setting"),
        ("weights.perceptual=-1", "at least 0"),
        ("discriminator_lr=0", "above 0"),
        ("clip=-1", "at least 0"),
        ("warm_up=-8", "at least 0"),
        ("discriminator_augmentation.colour_strength=2", "between 0 and 1"),
        ("discriminator.strides=1e9", "at most 12"),
        ("fine.crop=-1", "at least 0"),
        ("fine.crop=128", "fine.crop is 128, and size is 128; it must be smaller than size"),
        ("fine.crop=48", "fine.crop is 48, and size is 128"),
        ("fine.eye_distance=-1", "at least 0"),
    ],
)
def test_wrong_settings_say_what_is_wrong(setting, found):
    with pytest.raises(UsageError, match=found):
        Config(experiment="x").with_settings([setting])


def test_another_kind_of_generator_brings_its_own_settings():
    config = Config(experiment="x").with_settings(
        ["generator.blocks=3", "generator.kind=resnet", "size=36"]
    )
    assert config.generator == ResNetConfig(blocks=3)
    assert Config.from_dict(config.to_dict()) == config
    same = config.with_settings(["generator.kind=resnet"])
    assert same == config


def test_a_config_from_before_there_were_kinds_is_that_of_a_unet():
    values = Config(experiment="x", generator=UNetConfig(width=8)).to_dict()
    del values["generator"]["kind"]
    assert Config.from_dict(values).generator == UNetConfig(width=8)


@pytest.mark.parametrize("term", ["identity", "perceptual", "face"])
def test_some_terms_need_pairs(term):
    with pytest.raises(UsageError, match=f"weights.{term} is 1.0; it compares pairs.*'hybrid'"):
        Config(experiment="x").with_settings(["objective=cyclegan", f"weights.{term}=1"])
    Config(experiment="x").with_settings(["objective=hybrid", f"weights.{term}=1"])


def test_a_projected_discriminator_plays_for_the_hinge_unless_told_otherwise():
    plain = Config(experiment="x")
    assert plain.gan == "least-squares"
    projected = plain.with_settings(["discriminator.kind=projected", "discriminator.width=8"])
    assert projected.discriminator == ProjectedConfig(width=8)
    assert projected == Config(experiment="x", discriminator=ProjectedConfig(width=8))
    assert projected.gan == "hinge"
    assert Config.from_dict(projected.to_dict()) == projected
    assert projected.with_settings(["gan=plain"]).gan == "plain"
    both = ["gan=least-squares", "discriminator.kind=projected"]
    assert plain.with_settings(both).gan == "least-squares"
    assert projected.with_settings(["discriminator.kind=patchgan"]) == plain


def test_a_config_from_before_there_were_kinds_is_that_of_a_patchgan():
    values = Config(experiment="x", discriminator=PatchGANConfig(width=8)).to_dict()
    del values["discriminator"]["kind"]
    assert Config.from_dict(values).discriminator == PatchGANConfig(width=8)


def test_crops_are_large_enough_for_features():
    projected, small = ProjectedConfig(strides=1), Fine(crop=16)
    with pytest.raises(UsageError, match=r"fine.crop is 16; with the discriminator 'projected'"):
        Config(experiment="x", size=64, discriminator=projected, fine=small)
    # A PatchGAN does not see crops.
    Config(experiment="x", size=64, discriminator=PatchGANConfig(strides=3), fine=small)


def test_a_draughtsman_is_shown_no_crops():
    with pytest.raises(UsageError, match="'draughtsman' shows complete photos only"):
        Config(experiment="x", objective="draughtsman", fine=Fine(crop=64))


def test_a_config_from_before_there_were_crops_has_none():
    values = Config(experiment="x").to_dict()
    del values["fine"]
    assert Config.from_dict(values) == Config(experiment="x")
    assert Config(experiment="x").fine.crop == 0


@pytest.mark.parametrize(("size", "strides", "fits"), [(32, 3, True), (16, 1, False)])
def test_features_need_their_size(size, strides, fits):
    discriminator = ProjectedConfig(strides=strides)
    if fits:
        Config(experiment="x", size=size, discriminator=discriminator)
        return
    with pytest.raises(UsageError, match=r"size is 16; with the discriminator 'projected'.* 32"):
        Config(experiment="x", size=size, discriminator=discriminator)
