import pytest

from limner.errors import UsageError
from limner.training.duration import alarm, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("1h30m", 5400),
        ("90s", 90),
        ("540", 540),
        (" 1D ", 86400),
        ("1d2h3m4s", 93784),
    ],
)
def test_times_as_people_write_them(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "two hours", "1.5h", "-5", "30m1h", "0", "0h", "9999d", "²"])
def test_what_is_no_time_is_refused_by_name(text):
    with pytest.raises(UsageError, match=r"not a time; write|it must be from 1 second") as refused:
        seconds_of(text)
    assert f"'{text}'" in str(refused.value)


def test_an_alarm_goes_off_in_time_and_only_if_set():
    with alarm(None) as never, alarm(600) as later, alarm(0.01) as soon:
        assert soon.wait(10)
        assert not never.is_set()
        assert not later.is_set()
