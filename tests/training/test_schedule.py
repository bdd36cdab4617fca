"""The learning rate of each step."""

import dataclasses

import pytest

from limner.errors import UsageError
from limner.training import schedule
from limner.training.loop import train
from limner.training.run import read_jsonl
from limner.training.schedule import Schedule, learning_rate


def test_rate_falls_to_nothing_after_its_share(tiny):
    config = dataclasses.replace(tiny, lr=1.0, images=100, decay_from=0.5)
    rates = [learning_rate(config, share) for share in (0, 0.5, 0.75, 1)]
    assert rates == pytest.approx([1, 1, 0.5, 0])
    assert learning_rate(dataclasses.replace(config, decay_from=1.0), 0.99) == 1


def test_rate_falls_with_the_images(tiny):
    config = dataclasses.replace(tiny, lr=1.0, images=200, decay_from=0.0)
    rate = Schedule(config, None)
    assert [rate(seen) for seen in (0, 50, 200)] == pytest.approx([1, 0.75, 0])


def test_rate_falls_with_the_time_or_the_images(tiny, monkeypatch):
    now = 100.0
    monkeypatch.setattr(schedule.time, "monotonic", lambda: now)
    config = dataclasses.replace(tiny, lr=1.0, images=100, decay_from=0.0, decay_by="time")
    rate = Schedule(config, 10)
    assert rate(0) == 1
    now = 105.0
    assert rate(0) == pytest.approx(0.5)
    assert rate(75) == pytest.approx(0.25)
    now = 120.0
    assert rate(0) == 0


def test_what_is_over_and_what_is_left(tiny, monkeypatch):
    now = 100.0
    monkeypatch.setattr(schedule.time, "monotonic", lambda: now)
    config = dataclasses.replace(tiny, images=100, decay_by="images")
    endless, limited = Schedule(config, None), Schedule(config, 10)
    assert (endless.share(25), endless.seconds_left) == (0.25, None)
    assert (limited.share(25), limited.seconds_left) == (0.25, 10)
    now = 104.0
    assert (limited.share(25), limited.seconds_left) == pytest.approx((0.4, 6))
    assert limited(80) == endless(80)  # the rate falls with the images only
    now = 120.0
    assert (limited.share(25), limited.seconds_left) == (1, 0)


def test_time_needs_a_limit_and_one_clock(tiny):
    config = dataclasses.replace(tiny, decay_by="time")
    with pytest.raises(UsageError, match=r"decay_by is 'time'.*--for 10m"):
        Schedule(config, None)
    with pytest.raises(UsageError, match=r"devices is 2.*decay_by=images"):
        Schedule(dataclasses.replace(config, devices=2), 10)


def test_run_ends_with_its_time_at_a_low_rate(tiny, tmp_path):
    config = dataclasses.replace(
        tiny, images=10**7, decay_by="time", decay_from=0.0, eval_images=0, save_every=10**6
    )
    train(config, tmp_path / "run", seconds=4)
    last = read_jsonl(tmp_path / "run" / "stats.jsonl")[-1]
    assert 0 <= last["lr"] < 0.2 * config.lr
    assert last["images"] < config.images
