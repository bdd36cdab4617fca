import numpy as np

from limner.drawings import estimate_literal
from limner.sketching import random_drawing


def test_a_few_lines_are_meant_less_literally_than_a_traced_drawing(photo):
    face = photo[60:316, 100:356]

    def middle(**shares):
        drawn = [random_drawing(face, np.random.default_rng(n), **shares).image for n in range(8)]
        return np.median([estimate_literal(one) for one in drawn])

    assert middle(crude=1, rough=0) + 0.15 < middle(crude=0, rough=0)


def test_any_size_and_any_content_get_an_answer_in_range():
    rng = np.random.default_rng(0)
    for picture in (
        np.zeros((32, 32), np.uint8),
        np.full((128, 128), 255, np.uint8),
        rng.integers(0, 256, (300, 300), dtype=np.uint8),
    ):
        assert 0.1 <= estimate_literal(picture) <= 1


def test_it_hardly_depends_on_the_resolution(photo):
    drawing = random_drawing(photo[60:316, 100:356], np.random.default_rng(1)).image
    large = drawing.repeat(2, axis=0).repeat(2, axis=1)
    assert estimate_literal(large) == estimate_literal(drawing)
