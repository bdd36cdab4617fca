import dataclasses

import numpy as np
import onnx
import pytest

from limner.averaging import average
from limner.cli import main
from limner.errors import ModelError, UsageError
from limner.model_file import load, named_weights, save
from limner.translator import Translator


@pytest.fixture(scope="module")
def earlier(tiny_model, tmp_path_factory):
    """A model of the same kind as `tiny_model` with other weights."""
    card, model = load(tiny_model)
    rng = np.random.default_rng(0)
    for tensor in model.graph.initializer:
        if len(tensor.dims) == 4:
            values = onnx.numpy_helper.to_array(tensor)
            other = (values + rng.normal(0, 0.1, values.shape)).astype(values.dtype)
            tensor.CopyFrom(onnx.numpy_helper.from_array(other, tensor.name))
    path = tmp_path_factory.mktemp("models") / "earlier.onnx"
    save(path, model, card)
    return path


def weights(path):
    return named_weights(load(path)[1])


@pytest.mark.parametrize("share", [0, 0.25, 1])
def test_weights_lie_on_the_line_between_both(share, earlier, tiny_model, tmp_path):
    card = average(earlier, tiny_model, tmp_path / "between.onnx", share=share)
    first, last, found = map(weights, (earlier, tiny_model, tmp_path / "between.onnx"))
    assert max(np.abs(first[name] - last[name]).max() for name in first) > 0.1
    for name, values in found.items():
        expected = (1 - share) * first[name] + share * last[name]
        np.testing.assert_allclose(values, expected, atol=1e-3)  # stored with 16 bits
    assert card.name == "between"
    assert card.images_seen == Translator(tiny_model).card.images_seen
    assert (card.weights == Translator(tiny_model).card.weights) == (share == 1)


def test_the_model_works_and_says_who_it_is(earlier, tiny_model, tmp_path, photo):
    card = average(earlier, tiny_model, tmp_path / "m.onnx", name="between")
    translate = Translator(tmp_path / "m.onnx")
    assert translate.card == card
    crop = photo[:32, :32]
    made = [
        Translator(path).batch([crop]).astype(float)
        for path in (earlier, tmp_path / "m.onnx", tiny_model)
    ]
    assert np.abs(made[1] - made[0]).max() > 0
    assert np.abs(made[1] - made[2]).max() > 0


def test_it_names_the_training_data_of_both(earlier, tiny_model, tmp_path):
    card, model = load(earlier)
    other = {"elsewhere": {"faces": 3, "licence": "CC0-1.0"}}
    save(tmp_path / "elsewhere.onnx", model, dataclasses.replace(card, sources=other))
    made = average(tmp_path / "elsewhere.onnx", tiny_model, tmp_path / "m.onnx")
    assert made.sources == other | card.sources


def test_models_that_cannot_be_averaged_are_refused(tiny_model, tiny_sketcher, tmp_path):
    out = tmp_path / "m.onnx"
    with pytest.raises(UsageError, match="differ in direction"):
        average(tiny_sketcher, tiny_model, out)
    with pytest.raises(UsageError, match="at most 1"):
        average(tiny_model, tiny_model, out, share=1.5)
    card, model = load(tiny_model)
    [kernel, *_] = [one for one in model.graph.initializer if len(one.dims) == 4]
    kernel.CopyFrom(onnx.numpy_helper.from_array(np.zeros((1, 1, 1, 1), np.float16), kernel.name))
    save(tmp_path / "other.onnx", model, card)
    with pytest.raises(UsageError, match="different graphs"):
        average(tmp_path / "other.onnx", tiny_model, out)
    (tmp_path / "none.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"none\.onnx is not an ONNX model"):
        average(tiny_model, tmp_path / "none.onnx", out)
    assert not out.exists()


def test_the_command(earlier, tiny_model, tmp_path, monkeypatch, capsys):
    out = tmp_path / "between.onnx"
    arguments = ["average", str(earlier), str(tiny_model), str(out), "--share", "0.75"]
    monkeypatch.setattr("sys.argv", ["limner", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert "75% of tiny.onnx and the rest of earlier.onnx" in capsys.readouterr().out
    assert Translator(out).card.name == "between"
