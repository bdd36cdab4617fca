import numpy as np

from limner.training.batch import to_images, to_tensor


def test_pictures_come_back_as_they_went():
    rng = np.random.default_rng(0)
    for shape, channels in (((2, 8, 6, 3), 3), ((2, 8, 6), 1)):
        pictures = rng.integers(0, 256, shape, dtype=np.uint8)
        tensor = to_tensor(pictures)
        assert tensor.shape == (2, channels, 8, 6)
        assert -1 <= tensor.min() < tensor.max() <= 1
        assert np.array_equal(to_images(tensor), pictures)
