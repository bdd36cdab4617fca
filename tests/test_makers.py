"""Workers give the same results as one process; the command line's tests check the results."""

import dataclasses

import numpy as np
import pytest

from limner import batch, images
from limner.engines import LocalEngine
from limner.makers import Drawings, Photos, Sketches
from limner.sketching import sketch


@pytest.mark.parametrize("what", ["photos", "sketches", "drawings"])
def test_workers_give_the_same_results_as_one_process(what, photo, tiny_sketcher, tmp_path):
    for number in range(5):
        picture = photo[number:360, 60:380]
        drawn = sketch(picture) if what == "photos" else picture
        images.write(tmp_path / "in" / f"{number}.jpg", drawn)
    photos = Photos(model="portrait", every_face=True, put_back=True)
    drawings = Drawings(model=str(tiny_sketcher))
    sketches = Sketches(style="pencil", seed=1)
    start = {"photos": photos, "sketches": sketches, "drawings": drawings}[what]
    written = []
    for engine in (LocalEngine(), LocalEngine(workers=2)):
        if what != "sketches":
            start = dataclasses.replace(start, threads=engine.threads)
        out = tmp_path / str(engine.workers)
        outcome = batch.run(batch.jobs([str(tmp_path / "in")], str(out)), start, engine=engine)
        assert (outcome.done, outcome.failures, outcome.stopped) == (5, [], None)
        written.append([images.read(file) for file in sorted(out.iterdir())])
    # Workers calculate with one thread each, which may round the last bit of a sum otherwise.
    for alone, shared in zip(*written, strict=True):
        assert np.abs(alone.astype(int) - shared).max() <= 1
        assert (alone != shared).mean() < 0.001
    assert len({picture.tobytes() for picture in written[0]}) == 5
