import numpy as np
import pytest

from limner import images
from limner.errors import UsageError
from limner.study.pairs import cut_out, digest_of, find_pairs, framed, pairs_in, poor


def test_pairs_are_found_below_the_sources(study_sources):
    folders = find_pairs(study_sources)
    assert [folder.name for folder in folders] == ["class"]
    pairs = pairs_in(folders)
    assert [pair.name for pair in pairs] == [f"class/{number}" for number in range(8)]
    assert digest_of(pairs) != digest_of(pairs[1:])


def test_a_folder_without_pairs_is_named(tmp_path):
    (tmp_path / "sketches").mkdir()
    with pytest.raises(UsageError, match="0 pictures in sketches, 0 in photos"):
        pairs_in([tmp_path])


def test_the_face_in_a_complete_page_is_where_the_crop_has_it(study_sources):
    """The page at 256 px, cut out again, is the crop, but for resampling."""
    cuts, without = cut_out(pairs_in(find_pairs(study_sources)), size=64, page_size=256)
    assert (len(cuts), without) == (8, [])
    for cut in cuts:
        assert cut.page.shape[:2] == (256, 256)
        apart = np.abs(framed(cut.page, cut).astype(float) - cut.sketch)
        shifted = np.abs(np.roll(cut.sketch, 4, axis=1).astype(float) - cut.sketch)
        assert apart.mean() < 0.25 * shifted.mean()


def test_a_poor_sketch_has_lost_its_detail_and_not_its_tone(study_sources):
    [cut, *_], _ = cut_out(pairs_in(find_pairs(study_sources))[:1], size=96, page_size=96)
    grey = images.to_grey(cut.sketch)
    spoilt = poor(grey)
    assert spoilt.shape == grey.shape
    detail = [np.abs(np.diff(one.astype(float), axis=1)).mean() for one in (grey, spoilt)]
    assert detail[1] < 0.7 * detail[0]
    assert abs(spoilt.mean() - grey.mean()) < 4
