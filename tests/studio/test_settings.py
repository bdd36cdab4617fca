import shutil

import pytest

from limner.errors import UsageError
from limner.shipped import find_model
from limner.studio.service import Service
from limner.studio.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_needs_no_token(host):
    assert Settings(host=host).is_local


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "studio.example"])
def test_other_machines_need_one_or_an_open_door(host):
    with pytest.raises(UsageError, match="--token, or say --open-to-all"):
        Settings(host=host)
    assert not Settings(host=host, token="key").is_local
    assert not Settings(host=host, open_to_all=True).is_local


@pytest.mark.parametrize("token", ["two words", "clé", "a\nb", "\x7f"])
def test_a_token_that_no_header_can_carry_is_refused(token):
    with pytest.raises(UsageError, match="printable ASCII"):
        Settings(token=token)


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": -1},
        {"port": 65536},
        {"rate": -0.1},
        {"rate": float("nan")},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"silence": 0},
        {"queue": 0},
        {"batch": 0},
        {"max_body": 0},
        {"pixels_at_once": 0},
    ],
)
def test_settings_out_of_range_are_named(wrong):
    [name] = wrong
    with pytest.raises(UsageError, match=name):
        Settings(**wrong)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("lifelike", "lifelike"),
        ("/home/somebody/mine.onnx", "mine"),
        ("/home/somebody/mine", "mine"),
        ("portrait.onnx", "portrait.onnx"),
        ("there/draughtsman.onnx", "draughtsman.onnx"),
    ],
)
def test_the_name_of_a_model_tells_no_folder(given, name):
    assert Settings(model=given).model_name == name


def test_two_models_need_two_names():
    assert Settings().better_name == ""
    assert Settings(better="there/fine.onnx").better_name == "fine"
    assert Settings(better="there/lifelike.onnx").better_name == "lifelike.onnx"
    for model, better in (("lifelike", "lifelike"), ("here/fine.onnx", "there/fine.onnx")):
        with pytest.raises(UsageError, match="--better"):
            Settings(model=model, better=better)


def test_a_file_does_not_hide_the_shipped_model_of_its_name(tmp_path):
    copy = shutil.copy(find_model("draughtsman"), tmp_path / "draughtsman.onnx")
    service = Service(Settings(model=str(copy)))
    assert service.names[0] == "draughtsman.onnx"
    assert "draughtsman" in service.names
    assert service._files["draughtsman"] == "draughtsman"
