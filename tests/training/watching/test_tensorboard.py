import importlib.util
import sys

import pytest

from limner.errors import MissingExtraError, RunError
from limner.training.run import read_jsonl
from limner.training.watching.tensorboard import write_events

needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="needs the extra 'tensorboard'"
)


@needs_tensorboard
@pytest.mark.filterwarnings("ignore")  # of TensorBoard's own dependencies
def test_what_was_noted_can_be_read_back(finished_run, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for _ in range(2):  # the second replaces the first
        write_events(finished_run, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    events = EventAccumulator(str(tmp_path), size_guidance={"images": 0})
    events.Reload()
    lines = read_jsonl(finished_run / "stats.jsonl")
    found = events.Scalars("run/l1")
    assert [event.step for event in found] == [line["images"] for line in lines]
    assert [event.value for event in found] == pytest.approx([line["l1"] for line in lines])
    assert [event.step for event in events.Scalars("snapshots/identity")] == [16, 24]
    assert [event.step for event in events.Images("grid")] == [8, 16, 24]


@needs_tensorboard
def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="is not a run folder"):
        write_events(tmp_path, tmp_path / "events")


def test_without_tensorboard_the_extra_is_named(finished_run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'limner\[tensorboard\]'"):
        write_events(finished_run, tmp_path)
