import itertools

import torch

from limner.training.randomness import Stream, generator_of, labels_of


def test_streams_numbers_and_seeds_are_all_told_apart():
    places = itertools.product((0, 1), (Stream.PHOTO, Stream.SKETCH), (0, 1))
    first = [generator_of(seed, stream, number).random() for seed, stream, number in places]
    assert len(set(first)) == 8
    assert generator_of(1, Stream.SKETCH, 1).random() == first[-1]


def test_labels_differ_by_seed_image_and_discriminator():
    drawn = [
        torch.rand(1, generator=labels_of(*place)).item()
        for place in itertools.product((0, 1), repeat=3)
    ]
    assert len(set(drawn)) == 8
    assert torch.rand(1, generator=labels_of(1, 1, 1)).item() == drawn[-1]
