"""A translator works in copies, pickles, forked and spawned processes."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from limner import images
from limner.errors import UsageError
from limner.faces import Face
from limner.translator import Translator

SCRIPT = """
import multiprocessing, sys, threading
from limner import Translator, images

def main(method, model, picture):
    translator = Translator(model, threads=2)
    expected = translator(picture).tobytes()
    stop = threading.Event()

    def work():
        while not stop.is_set():
            translator(picture)  # so that locks are held and threads run while others are forked

    thread = threading.Thread(target=work)
    thread.start()
    try:
        in_children(method, translator, picture, expected)
    finally:
        stop.set()
        thread.join()

def in_children(method, translator, picture, expected):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        for made in pool.map(translator, [picture] * 6, chunksize=1):
            assert made.tobytes() == expected
    child = context.Process(target=again, args=(translator, picture, expected))
    child.start()
    child.join(40)
    assert child.exitcode == 0, child.exitcode

def again(translator, picture, expected):
    assert translator(picture).tobytes() == expected

if __name__ == "__main__":
    main(*sys.argv[1:])
    print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_give_the_same_picture(method, tiny_model, photo, tmp_path):
    images.write(tmp_path / "a.png", photo)
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-W", "ignore", "script.py", method, tiny_model, "a.png"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr


def test_a_pickle_outlives_the_model_file(tiny_model, photo, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(tiny_model.read_bytes())
    translator = Translator(path)
    expected = translator(photo)
    kept = pickle.dumps(translator)
    path.unlink()
    again = pickle.loads(kept)
    assert np.array_equal(again(photo), expected)
    assert (again.card, again.provenance) == (translator.card, translator.provenance)
    assert np.array_equal(translator(photo), expected)


def test_copies_share_what_never_changes(tiny_model, photo):
    translator = Translator(tiny_model)
    expected = translator(photo)
    for twin in (copy.copy(translator), copy.deepcopy(translator)):
        assert twin is not translator
        assert twin.detector is translator.detector
        assert np.array_equal(twin(photo), expected)


class Fixed:
    """A detector that always finds the same face."""

    def __init__(self, *found: Face) -> None:
        self.found = found

    def __call__(self, image, **options):
        return list(self.found)


def test_a_given_detector_is_pickled_too(tiny_model, photo):
    face = Translator(tiny_model).detector(photo)[0]
    translator = Translator(tiny_model, detector=Fixed(face))
    again = pickle.loads(pickle.dumps(translator))
    assert isinstance(again.detector, Fixed)
    blank = np.full_like(photo, 255)
    assert np.array_equal(again(blank), translator(blank))


def test_a_detector_that_cannot_be_pickled_is_named(tiny_model):
    translator = Translator(tiny_model, detector=lambda image, **options: [])
    with pytest.raises(UsageError, match=r"detector .* cannot be pickled .*lambda"):
        pickle.dumps(translator)
    assert copy.deepcopy(translator).detector is translator.detector


def test_threads_are_kept(tiny_model):
    translator = pickle.loads(pickle.dumps(Translator(tiny_model, threads=3)))
    assert translator._session.runtime.get_session_options().intra_op_num_threads == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_lock_is_open_in_a_fork(recwarn):
    from limner.locks import ForkLock

    lock = ForkLock()
    context = multiprocessing.get_context("fork")

    def take():
        with lock:
            pass

    with lock:
        child = context.Process(target=take)
        child.start()
    child.join(20)
    assert child.exitcode == 0
