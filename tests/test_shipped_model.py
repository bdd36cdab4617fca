"""The shipped model, on drawings and faces that it never saw."""

import numpy as np
import pytest

import limner
from limner import images
from limner.errors import NoFaceError
from limner.faces import find
from limner.features.descriptor import Descriptor
from limner.metrics.likeness.identity import retrieval
from limner.shipped import DEFAULT_DRAWER, DEFAULT_MODEL, shipped_models
from limner.sketching import sketch
from limner.translator import Translator, check_drawer


@pytest.fixture(scope="module")
def translator():
    return Translator()


def shows_a_face(generated, translator):
    try:
        return bool(find(images.resize(generated, 256), translator.detector))
    except NoFaceError:
        return False


def test_it_is_small_and_names_its_sources(translator):
    assert shipped_models()[DEFAULT_MODEL].stat().st_size < 20e6
    assert translator.card.images_seen > 10_000
    assert sum(source["faces"] for source in translator.card.sources.values()) > 2000
    assert all(source["licence"] for source in translator.card.sources.values())


def test_a_sketched_photo_becomes_a_face_with_skin(translator, photo):
    generated = translator(sketch(photo, "pencil"))
    assert generated.shape == (256, 256, 3)
    assert shows_a_face(generated, translator)
    red, green, blue = generated[128:180, 80:176].reshape(-1, 3).mean(axis=0)
    assert red > green + 10 > blue + 10


def test_the_drawing_model_is_small_and_names_its_sources():
    card = Translator(DEFAULT_DRAWER).card
    assert card.direction == "photo-to-sketch"
    assert shipped_models()[DEFAULT_DRAWER].stat().st_size < 2e6
    assert sum(source["faces"] for source in card.sources.values()) > 2000
    assert all(source["licence"] for source in card.sources.values())


def test_it_draws_on_white_paper_and_a_face_is_found(translator, photo):
    drawn = limner.sketch(photo, "model")
    assert drawn.shape == (128, 128)
    assert np.quantile(drawn, 0.7) > 240
    assert drawn.min() < 60
    assert shows_a_face(np.stack([drawn] * 3, axis=-1), translator)


def test_its_sketches_keep_the_person_better_than_a_filter(translator, data):
    """Judged by the default model, which was not used in its training."""
    folder = data / "research" / "cufs_ar" / "photos"
    drawer = check_drawer(Translator(DEFAULT_DRAWER))
    photos = [
        drawer.align(images.read(path), clean="off", name=path.name)[0].image
        for path in sorted(folder.iterdir())[::4]
    ]
    describe = Descriptor()
    gallery = describe(np.stack(photos))
    drawings = {
        "model": list(drawer.batch(photos)),
        "pencil": [sketch(photo, "pencil", seed) for seed, photo in enumerate(photos)],
    }
    back = {}
    for name, drawn in drawings.items():
        made = translator.batch([images.resize(one, 256) for one in drawn])
        back[name] = retrieval(describe(made), gallery)
    assert back["model"].genuine < back["pencil"].genuine
    assert back["model"].rank1 > 0.9


def test_hand_drawn_sketches_become_faces_of_their_people(translator, data):
    folder = data / "research" / "cufs_ar"
    names = sorted(path.name for path in (folder / "sketches").iterdir())[::3]
    drawn, true = (
        np.stack(
            [
                translator.align(images.read(folder / side / name), name=name)[0].image
                for name in names
            ]
        )
        for side in ("sketches", "photos")
    )
    generated = translator.batch(list(drawn))
    faces = sum(shows_a_face(one, translator) for one in generated)
    assert faces >= 0.95 * len(names)
    describe = Descriptor()
    found = retrieval(describe(generated), describe(true))
    # With 41 people, chance is 0.12. The model card has the figures of all people.
    assert found.rank5 > 0.6
    assert found.genuine < found.impostor - 0.1
