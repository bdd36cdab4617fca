import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

from limner.data.prepared import PreparedSet
from limner.data.writer import Writer
from limner.errors import DataError, MissingExtraError, UsageError
from limner.training.loop import train
from limner.training.watching import scores
from limner.training.watching.scores import HeldOut

CPU = torch.device("cpu")


class Answers(nn.Module):
    """Returns given images in turn, whatever its input."""

    def __init__(self, pictures):
        super().__init__()
        self.pictures, self.at = pictures, 0

    def forward(self, shown):
        places = torch.arange(self.at, self.at + len(shown)) % len(self.pictures)
        self.at += len(shown)
        return self.pictures[places]


@pytest.fixture(scope="module")
def held_out_set(mixed_set, tmp_path_factory):
    """`mixed_set` with all its images held out: 12 photos and 5 sketches."""
    table = pq.read_table(mixed_set / "faces.parquet")
    split = pa.array(["test"] * table.num_rows)
    table = table.set_column(table.schema.get_field_index("split"), "split", split)
    path = tmp_path_factory.mktemp("sets") / "held-out"
    with Writer(path, PreparedSet(mixed_set).about) as writer:
        writer.add("faces", table)
        writer.commit()
    return PreparedSet(path)


@pytest.fixture
def held_out_of(tiny_of, held_out_set):
    return lambda objective, **changes: HeldOut(
        dataclasses.replace(tiny_of[objective], **changes), held_out_set, CPU
    )


def test_the_truth_is_nothing_away_from_the_truth(held_out_of):
    held_out = held_out_of("pix2pix")
    truth = held_out.crowds["photo"].pictures
    assert truth.shape == (12, 3, 32, 32)
    found = held_out.score({"sketch-to-photo": Answers(truth)})
    assert found.keys() == {"l1", "identity"}
    assert all(np.abs(each).max() < 1e-6 and each.shape == (12,) for each in found.values())
    [one, other] = [
        held_out.score({"sketch-to-photo": Answers(made)})
        for made in (truth.flip(0), torch.zeros_like(truth))
    ]
    assert one["identity"].mean() < other["identity"].mean()
    assert one["l1"].min() > 0


def test_drawings_are_scored_by_who_is_read_from_them(held_out_of):
    held_out = held_out_of("draughtsman")
    photos, steady = held_out.crowds["photo"].pictures, held_out.sketched
    grey = photos.mean(dim=1, keepdim=True)
    found = held_out.score({"photo-to-sketch": Answers(steady), "sketch-to-photo": Answers(photos)})
    assert found.keys() == {"l1_drawn", "drawn", "returned"}
    assert all(each.shape == (12,) for each in found.values())
    assert np.abs(found["l1_drawn"]).max() < 1e-6
    assert np.abs(found["returned"]).max() < 1e-6
    assert found["drawn"].min() > 0.1
    alone = held_out.score({"photo-to-sketch": Answers(grey)})
    assert alone.keys() == {"l1_drawn", "drawn"}
    assert alone["drawn"].mean() < found["drawn"].mean()
    assert alone["l1_drawn"].min() > 0.1
    assert held_out.decides
    assert held_out.lack == ""


def test_crowds_are_told_apart_and_cycles_measured(held_out_of):
    held_out = held_out_of("cyclegan")
    photos, sketches = (held_out.crowds[kind].pictures for kind in ("photo", "sketch"))
    perfect = held_out.score(
        {"sketch-to-photo": Answers(photos), "photo-to-sketch": Answers(sketches)}
    )
    assert perfect.keys() == {"kid_photo", "kid_sketch", "cycle_photo", "cycle_sketch"}
    assert perfect["kid_photo"].shape == perfect["cycle_sketch"].shape == (5,)
    assert perfect["kid_sketch"].shape == perfect["cycle_photo"].shape == (12,)
    noise = torch.rand(photos.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    broken = held_out.score(
        {"sketch-to-photo": Answers(noise), "photo-to-sketch": Answers(noise[:, :1])}
    )
    for name in ("kid_photo", "kid_sketch"):
        assert broken[name].mean() > perfect[name].mean() + 0.1


def test_pairs_and_drawings_are_both_scored_in_a_hybrid(held_out_of, tiny_of):
    held_out = held_out_of("hybrid")
    photos, sketches = (held_out.crowds[kind].pictures for kind in ("photo", "sketch"))
    found = held_out.score(
        {"sketch-to-photo": Answers(photos), "photo-to-sketch": Answers(sketches)}
    )
    assert {"identity", "l1", "kid_photo", "kid_sketch"} < found.keys()
    assert held_out.decides


def test_it_takes_no_random_numbers_and_says_the_same_again(held_out_of):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    figures = []
    for _ in range(2):
        held_out = held_out_of("pix2pix")
        made = Answers(held_out.crowds["photo"].pictures.flip(0))
        figures.append(held_out.score({"sketch-to-photo": made}))
    assert torch.equal(before, torch.get_rng_state())
    assert all(np.array_equal(figures[0][name], figures[1][name]) for name in figures[0])


def test_as_many_are_scored_as_the_setting_says(held_out_of):
    assert len(held_out_of("pix2pix", eval_images=7).crowds["photo"].pictures) == 7
    none = held_out_of("pix2pix", eval_images=0)
    assert none.score({"sketch-to-photo": nn.Identity()}) == {}
    with pytest.raises(UsageError, match="eval_images is 0"):
        held_out_of("pix2pix", eval_images=0, patience=8)


def test_without_the_descriptor_pixels_decide(held_out_of, monkeypatch):
    def missing(name):
        raise MissingExtraError(name, "train")

    monkeypatch.setattr(scores, "public_file", missing)
    held_out = held_out_of("pix2pix")
    truth = held_out.crowds["photo"].pictures
    assert held_out.score({"sketch-to-photo": Answers(truth)}).keys() == {"l1"}
    assert held_out.decides
    assert not held_out_of("cyclegan").decides


def test_patience_without_faces_to_wait_with_is_refused(tiny_of, tmp_path):
    config = dataclasses.replace(tiny_of["cyclegan"], patience=8)  # 1 sketch is held out
    with pytest.raises(DataError, match="2 photos and 2 sketches"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_is_lacking_to_compare_snapshots_is_said(tiny_of, held_out_of, mixed_set, monkeypatch):
    assert held_out_of("pix2pix").lack == held_out_of("cyclegan").lack == ""
    few = HeldOut(tiny_of["cyclegan"], PreparedSet(mixed_set), CPU)
    found = "has 2 photos and 1 sketches in its split 'test', and ranking needs at least 2 of each;"
    assert found in few.lack
    assert HeldOut(tiny_of["hybrid"], PreparedSet(mixed_set), CPU).lack == ""
    monkeypatch.setattr(scores, "_descriptor", lambda device: None)
    assert "pip install 'limner[train]'" in held_out_of("cyclegan").lack
    assert held_out_of("cyclegan", eval_images=0).lack == ""
