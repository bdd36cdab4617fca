import io

import pytest

from limner.training.loop import Progress
from limner.training.watching.console import Console, time_left


def progress(seen, rate=10.0, **values):
    stats = {"l1": 0.25, "adversarial": 0.5}
    ends = {"images": 1000, "share": seen / 1000}
    return Progress(seen=seen, epochs=seen / 500, rate=rate, stats=stats, **ends | values)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_has_a_line_for_each_report():
    file = io.StringIO()
    with Console(file) as console:
        console.report(progress(400))
        console.report(progress(600, scores={"identity": 0.4}, warnings=("it collapsed. Do this",)))
    lines = file.getvalue().splitlines()
    assert lines[0].split("  ")[-5:] == [
        "epoch 0.80",
        "10.0/s",
        "60 s left",
        "l1 0.250",
        "adversarial 0.500",
    ]
    assert lines[0].lstrip().startswith("400 of 1000 images")
    assert lines[2:] == [
        "snapshot after 600 images: Identity distance 0.4",
        "limner: warning: after 600 images it collapsed. Do this",
    ]


def test_time_left_is_that_of_the_last_reports():
    file = io.StringIO()
    with Console(file) as console:
        console.report(progress(200, rate=100.0))
        console.report(progress(400, rate=1.0))  # a snapshot was scored
        console.report(progress(600, rate=100.0))
    left = [line.split("/s  ")[1].split("  ")[0] for line in file.getvalue().splitlines()]
    # 200 s, 2 s and what the first report says, of 400 images: not 4 s.
    assert left == ["8 s left", "10 min left", "3 min left"]


def test_a_run_that_stops_by_the_clock_ends_then():
    file = io.StringIO()
    with Console(file) as console:
        console.report(progress(400, seconds_left=30.0))
        console.report(progress(960, seconds_left=29.0))  # its images end sooner
    left = [line.split("/s  ")[1].split("  ")[0] for line in file.getvalue().splitlines()]
    assert left == ["30 s left", "4 s left"]


@pytest.mark.parametrize("share", [0.25, 0.75])
def test_the_bar_is_as_long_as_what_is_over(share):
    file = Terminal()
    with Console(file) as console:
        console.report(progress(10, images=10**6, share=share))
        shown = console._bar.tasks[0].percentage
    assert shown == pytest.approx(100 * share)


def test_a_terminal_shows_a_bar_and_keeps_what_matters():
    file = Terminal()
    with Console(file) as console:
        console.report(progress(400))
        console.report(progress(600, scores={"l1": 0.2}, warnings=("it [bold]collapsed",)))
    shown = file.getvalue()
    assert "600 of 1,000 images" in shown
    assert "l1 0.250" in shown
    assert "\x1b[2K" in shown  # lines are written over
    assert "snapshot after 600 images: L1 0.2" in shown
    assert "warning: after 600 images it [bold]collapsed" in shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(7, "7 s"), (99, "99 s"), (120, "2 min"), (6_500, "1 h 48"), (400_000, "4 d 15 h")],
)
def test_times_read_well(seconds, words):
    assert time_left(seconds) == words
