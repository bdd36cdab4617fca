import itertools

from limner.training.randomness import Stream, generator_of


def test_streams_numbers_and_seeds_are_all_told_apart():
    places = itertools.product((0, 1), (Stream.PHOTO, Stream.SKETCH), (0, 1))
    first = [generator_of(seed, stream, number).random() for seed, stream, number in places]
    assert len(set(first)) == 8
    assert generator_of(1, Stream.SKETCH, 1).random() == first[-1]
