"""Photo to sketch: the terms that train the generator."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from limner.data.prepared import PreparedSet
from limner.errors import ModelError, UsageError
from limner.export import export
from limner.sketching import steady_drawing
from limner.training.config import Hands, Weights
from limner.training.feeding.batch import Batch, to_images
from limner.training.loop import train
from limner.training.objectives.draughtsman import (
    Draughtsman,
    degraded,
    load_reconstructor,
    reconstructors_of,
)
from limner.translator import Translator

FABRIC = Fabric(accelerator="cpu", devices=1)
NOTHING = Weights(adversarial=0, l1=0, features=0, cycle=0)


class Grey(torch.nn.Module):
    """A reconstructor that returns the sketch as a grey photo."""

    def forward(self, drawings):
        return drawings.expand(-1, 3, -1, -1)


def made(tiny_of, weights, **changes):
    torch.manual_seed(0)
    config = dataclasses.replace(tiny_of["draughtsman"], weights=weights, **changes)
    return Draughtsman(config, FABRIC)


def batch_of():
    source = torch.Generator().manual_seed(0)
    channels = {"photo": 3, "sketched": 1}
    images = {n: 2 * torch.rand(2, c, 4, 4, generator=source) - 1 for n, c in channels.items()}
    images = {n: one.repeat_interleave(8, 2).repeat_interleave(8, 3) for n, one in images.items()}
    return Batch(first=0, images=images)


@pytest.mark.parametrize("term", ["cycle", "perceptual", "face", "identity"])
def test_what_the_reader_reads_teaches_the_generator_and_not_the_reader(tiny_of, term):
    objective = made(tiny_of, dataclasses.replace(NOTHING, **{term: 1.0}))
    drawn = objective.draw(batch_of())
    drawn.loss.backward()
    gradients = [p.grad.abs().max() for p in objective.generator.network.parameters()]
    assert max(gradients) > 0
    assert all(p.grad is None for p in objective.reader.parameters())
    assert drawn.loss.item() == pytest.approx(drawn.terms[term].item())


def test_following_it_brings_the_photo_back(tiny_of):
    objective = made(tiny_of, dataclasses.replace(NOTHING, cycle=1.0))
    weights = {name: one.clone() for name, one in objective.reader.state_dict().items()}
    objective.step(batch_of(), 3e-3)
    after = objective.reader.state_dict()
    assert all(torch.equal(one, weights[name]) for name, one in after.items())
    objective.reader = Grey()  # the tiny reconstructor hardly depends on its input
    terms = [objective.step(batch_of(), 3e-3)["cycle"].item() for _ in range(20)]
    assert terms[-1] < 0.9 * terms[0]


def test_the_reader_is_the_model_of_the_file(tiny_of, tiny_model):
    reader = load_reconstructor(tiny_of["draughtsman"], FABRIC)
    drawings = np.random.default_rng(0).integers(0, 256, (2, 32, 32), np.uint8)
    shown = torch.from_numpy(drawings).float()[:, None] / 127.5 - 1
    theirs = Translator(tiny_model).batch(list(drawings))
    assert np.abs(to_images(reader(shown)).astype(int) - theirs).max() <= 1


def test_without_what_it_reads_no_reader_is_needed(tiny_of):
    objective = made(tiny_of, Weights(cycle=0), reconstructor="")
    terms = objective.step(batch_of(), 1e-3)
    assert "cycle" not in terms
    assert reconstructors_of(objective) == {}
    with pytest.raises(UsageError, match=r"--set reconstructor=MODEL\.onnx"):
        made(tiny_of, Weights(), reconstructor="")


def test_a_reader_that_does_not_fit_is_refused(tiny_of, tiny_sketcher, tiny_model, tmp_path):
    with pytest.raises(UsageError, match="is a photo-to-sketch model at 32 px with 3 input"):
        made(tiny_of, Weights(), reconstructor=str(tiny_sketcher))
    with pytest.raises(UsageError, match="it must be a sketch-to-photo model at 64 px with 1"):
        made(tiny_of, Weights(), size=64)
    with pytest.raises(ModelError, match="cannot be read"):
        made(tiny_of, Weights(), reconstructor=str(tmp_path / "none.onnx"))
    import onnx

    model = onnx.load(tiny_model)
    del model.graph.initializer[0]
    onnx.save(model, tmp_path / "less.onnx")
    with pytest.raises(ModelError, match="lacks weights"):
        made(tiny_of, Weights(), reconstructor=str(tmp_path / "less.onnx"))


def test_drawings_are_spoilt_alike_in_every_batch():
    drawings = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    whole = degraded(drawings, 5, 40)
    parts = torch.cat([degraded(drawings[:2], 5, 40), degraded(drawings[2:], 5, 42)])
    assert torch.equal(whole, parts)
    assert not torch.equal(whole, degraded(drawings, 6, 40))
    assert whole.abs().max() <= 1
    # Chequers vanish exactly in the softened sketches.
    chequers = torch.ones(12, 1, 16, 16)
    chequers[:, :, ::2, ::2] = chequers[:, :, 1::2, 1::2] = -1
    contrast = degraded(0.5 * chequers, 5, 0).mul(chequers).mean(dim=(1, 2, 3))
    soft = contrast < 0.25
    assert 0 < soft.sum() < 12
    assert contrast[soft].abs().max() < 0.05
    assert contrast[~soft].min() > 0.45


def test_pairs_are_photos_and_drawings_by_a_steady_hand(tiny_of):
    config = tiny_of["draughtsman"]
    images = Draughtsman.images(config, PreparedSet(Path(config.data)))
    shown = images[3]
    assert shown.keys() == {"photo", "sketched"}
    assert np.array_equal(shown["sketched"], steady_drawing(shown["photo"]))
    assert np.array_equal(images[3]["photo"], shown["photo"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hands": Hands(crude=0.1)}, "one steady hand"),
        ({"sample_sketches": "somewhere"}, "takes photos, not sketches"),
    ],
)
def test_settings_that_it_has_no_use_for_are_refused(tiny_of, changes, said):
    with pytest.raises(UsageError, match=said):
        dataclasses.replace(tiny_of["draughtsman"], **changes)


def test_it_learns_to_draw_as_the_hand_does(tiny_of, tmp_path):
    config = dataclasses.replace(
        tiny_of["draughtsman"],
        weights=Weights(adversarial=0, l1=10, features=0, cycle=0),
        reconstructor="",
        images=160,
        lr=1e-2,
        save_every=160,
        snapshot_every=160,
        ema_half_life=10,
    )
    train(config, tmp_path / "run")
    card = export(tmp_path / "run", tmp_path / "mine.onnx")
    assert card.direction == "photo-to-sketch"
    photo = PreparedSet(Path(config.data)).images("test", "photo")[0][8:40, 8:40]
    drawn = Translator(tmp_path / "mine.onnx").batch([photo])[0].astype(int)
    flat = np.full_like(drawn, 128)
    truth = steady_drawing(photo)
    assert np.abs(drawn - truth).mean() < 0.7 * np.abs(flat - truth).mean()
