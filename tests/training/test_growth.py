"""Growth of a network from a smaller one."""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from limner.errors import RunError
from limner.networks.config import PatchGANConfig, ResNetConfig, UNetConfig
from limner.networks.resnet import ResNet
from limner.networks.unet import UNet
from limner.training.devices import fabric_of
from limner.training.ema import EMA
from limner.training.growth import grown, grows
from limner.training.initial import start
from limner.training.loop import train
from limner.training.objectives.pix2pix import Pix2Pix

SMALL = UNetConfig(width=16, depth=3)
LARGE = UNetConfig(width=8, depth=4)


def networks(small=SMALL, large=LARGE):
    """The smaller network, with photos of some contrast, and the larger one grown from it."""
    torch.manual_seed(0)
    inner, outer = UNet(small).eval(), UNet(large).eval()
    with torch.no_grad():
        for name, parameter in inner.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.1)
        inner.leave.weight.mul_(10)
    outer.load_state_dict(grown(large, outer.state_dict(), inner.state_dict()))
    return inner, outer


@pytest.fixture(scope="module")
def sketch(portrait_drawing):
    """A sketch of 256 px in [-1, 1]."""
    page = np.asarray(Image.fromarray(portrait_drawing).resize((256, 256)))
    return torch.from_numpy(page.astype(np.float32) / 127.5 - 1)[None, None]


def of_both(inner, outer, drawing, *guidance):
    """Photos of the larger network, and the expected ones, those of the smaller one enlarged."""
    told = []
    handle = inner.leave.register_forward_hook(lambda *call: told.append(call[2]))
    with torch.inference_mode():
        photo = inner(F.avg_pool2d(drawing, 2), *guidance)
        larger = outer(drawing, *guidance)
    handle.remove()
    bilinear = {"scale_factor": 2, "mode": "bilinear", "align_corners": False}
    return larger, F.interpolate(told[0], **bilinear).tanh(), F.interpolate(photo, **bilinear)


def test_it_begins_with_the_smaller_networks_photo_enlarged(sketch):
    larger, exact, enlarged = of_both(*networks(), sketch)
    assert enlarged.std() > 0.2  # it is not empty
    inside = (larger - exact).abs()[..., 1:-1, 1:-1]
    assert inside.max() < 1e-5
    # A grey level or so from enlarging the photo itself, whose tanh was taken before.
    assert (larger - enlarged).abs()[..., 1:-1, 1:-1].mean() < 0.01
    rim = (larger - exact).abs()
    assert rim.max() < 0.3  # one pixel wide, where zeros beyond the edge are averaged in


def test_it_does_so_in_whichever_colours_and_with_more_to_be_told(sketch):
    told = dataclasses.replace(SMALL, width=32, hints=True, literal=True)
    inner, outer = networks(told, dataclasses.replace(LARGE, width=16, hints=True, literal=True))
    literal, hints = torch.tensor([0.3]), torch.zeros(1, 4, 256, 256)
    hints[:, 1:, 64:128, 64:128] = 0.5
    halved = F.avg_pool2d(hints, 2)
    with torch.inference_mode():
        photo = inner(F.avg_pool2d(sketch, 2), literal, halved)
        larger = outer(sketch, literal, hints)
        untold = outer(sketch)
    assert (F.avg_pool2d(larger, 2) - photo).abs()[..., 1:-1, 1:-1].mean() < 0.02
    assert (larger - untold).abs().max() > 0.05


def test_to_what_the_smaller_network_was_not_told_it_is_blind(sketch):
    inner, outer = networks(large=dataclasses.replace(LARGE, hints=True))
    larger, exact, _ = of_both(inner, outer, sketch)
    assert (larger - exact).abs()[..., 1:-1, 1:-1].max() < 1e-5
    with torch.inference_mode():
        assert torch.equal(outer(sketch, None, torch.ones(1, 4, 256, 256)), larger)


def test_all_of_it_learns(sketch):
    """Weights that read the new channels are zero; the channels learn once they are not."""
    _, network = networks()
    small = F.avg_pool2d(sketch, 4)
    target = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = (network(small) - target).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    for name, parameter in network.named_parameters():
        if name.endswith("weight"):
            moved = parameter.grad.flatten(1).abs().amax(dim=1)
            assert (moved > 0).all(), name  # each channel that it makes


def test_which_networks_grow():
    small = UNet(SMALL).state_dict()
    assert grows(LARGE, small)
    for other in (
        SMALL,
        dataclasses.replace(LARGE, depth=5),
        dataclasses.replace(LARGE, width=4),
        ResNetConfig(width=8),
    ):
        assert not grows(other, small)
    assert not grows(LARGE, ResNet(ResNetConfig(width=16)).state_dict())


@pytest.mark.parametrize(
    "large", [dataclasses.replace(LARGE, norm="pixel"), UNetConfig(width=4, depth=4)]
)
def test_what_cannot_carry_a_picture_is_refused(large):
    small = UNet(dataclasses.replace(SMALL, width=2 * large.width)).state_dict()
    with pytest.raises(RunError, match="they must be at least 6 and 'none'"):
        grown(large, UNet(large).state_dict(), small)


@pytest.fixture(scope="module")
def half(tiny, tmp_path_factory):
    """A run with images half as large as those of `twice`."""
    small = dataclasses.replace(
        tiny, size=16, generator=UNetConfig(width=12, depth=1), images=8, snapshot_every=8
    )
    path = tmp_path_factory.mktemp("growth") / "half"
    train(dataclasses.replace(small, discriminator=PatchGANConfig(width=4, strides=1)), path)
    return path


def twice(tiny, folder):
    return dataclasses.replace(
        tiny,
        init_from=str(folder),
        generator=UNetConfig(width=6, depth=2),
        discriminator=PatchGANConfig(width=4, strides=1),
    )


def begun(config):
    torch.manual_seed(config.seed)
    objective = Pix2Pix(config, fabric_of(config))
    averages = {way: EMA(one, config.ema_half_life) for way, one in objective.generators.items()}
    fresh = {
        name: {key: value.clone() for key, value in learner.network.state_dict().items()}
        for name, learner in objective.learners.items()
    }
    start(config, objective, averages)
    return objective, averages, fresh


def test_a_run_grows_and_its_discriminator_begins_afresh(tiny, half, tmp_path):
    config = twice(tiny, half)
    objective, averages, fresh = begun(config)
    judge = objective.discriminator.network.state_dict()
    assert all(torch.equal(judge[k], value) for k, value in fresh["pair-discriminator"].items())
    generator = objective.generator.network.state_dict()
    assert not torch.equal(generator["leave.weight"], fresh["sketch-to-photo"]["leave.weight"])
    average = averages["sketch-to-photo"].network.state_dict()
    assert average.keys() == generator.keys()
    train(dataclasses.replace(config, images=8), tmp_path / "run")
    train(dataclasses.replace(config, images=16), tmp_path / "run")  # resumed, not grown again


def test_another_shape_is_refused_as_ever(tiny, half):
    config = dataclasses.replace(
        twice(tiny, half), generator=UNetConfig(width=6, depth=2, groups=2)
    )
    with pytest.raises(RunError, match="networks of another shape"):
        begun(config)
