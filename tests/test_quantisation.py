"""`benchmarks/quantisation.py`: models with weights in 8 bits."""

import importlib
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from limner.sketching import sketch
from limner.translator import Translator

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def quantisation():
    """The script, as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("quantisation")
    for name in ("quantisation", "field_scores", "exemplar"):
        del sys.modules[name]


@pytest.fixture
def drawing(person):
    return sketch(np.ascontiguousarray(person(0)[60:188, 60:188]))


def test_weights_in_32_bits_change_nothing(quantisation, tiny_model, drawing, tmp_path):
    whole = quantisation.in_32_bits(onnx.load(tiny_model))
    assert not [node for node in whole.graph.node if node.op_type == "Cast"]
    onnx.save(whole, tmp_path / "whole.onnx")
    made = Translator(tmp_path / "whole.onnx")(drawing, as_is=True)
    assert np.array_equal(made, Translator(tiny_model)(drawing, as_is=True))


def test_a_weight_moves_by_half_a_step_at_most(quantisation, tiny_model):
    before = quantisation.stored_weights(onnx.load(tiny_model))
    after = {
        one.name: one
        for one in quantisation.with_weights_in_8_bits(onnx.load(tiny_model)).graph.initializer
    }
    assert before
    for cast, weight in before:
        values = numpy_helper.to_array(weight).astype(np.float32)
        rounded, scale = (
            numpy_helper.to_array(after[f"{cast.output[0]}.{part}"])
            for part in ("rounded", "scale")
        )
        assert rounded.dtype == np.int8
        steps = scale[:, None, None, None]
        assert np.all(np.abs(rounded * steps - values) <= 0.501 * steps)
        assert np.all(np.abs(rounded.reshape(len(rounded), -1)).max(axis=1) == 127)


def test_quantised_models_are_smaller_and_make_nearly_the_same_photo(
    quantisation, tmp_path, portrait_drawing
):
    shipped = quantisation.shipped_models()["lifelike"]
    expected = Translator(shipped)(portrait_drawing).astype(float)
    for name, file in quantisation.quantised(shipped, tmp_path).items():
        assert file.stat().st_size < 0.55 * shipped.stat().st_size, name
        difference = np.abs(Translator(file)(portrait_drawing) - expected).mean()
        assert 0 < difference < 12, name
