"""What is kept is found again, and a cache that cannot be used stops nobody."""

import os
import sys

import numpy as np
import pytest

from limner.features.cache import FeatureCache, default_folder

VECTOR = np.array([1.5, -2, 0], np.float32)


def test_what_is_put_is_found_again_by_another_process_too(tmp_path):
    with FeatureCache(tmp_path) as first, FeatureCache(tmp_path) as second:
        first.put({b"a": VECTOR})
        found = second.get([b"a", b"b"])
        assert list(found) == [b"a"]
        assert np.array_equal(found[b"a"], VECTOR)
        assert found[b"a"].dtype == np.float32
        second.put({b"a": VECTOR + 1})  # the first stays
        assert np.array_equal(first.get([b"a"])[b"a"], VECTOR)


def test_more_keys_than_sqlite_takes_at_once(tmp_path):
    many = {str(number).encode(): VECTOR + number for number in range(2500)}
    with FeatureCache(tmp_path) as cache:
        cache.put(many)
        found = cache.get(many)
    assert found.keys() == many.keys()
    assert np.array_equal(found[b"2499"], VECTOR + 2499)


def test_a_damaged_file_is_begun_anew(tmp_path):
    with FeatureCache(tmp_path) as cache:
        cache.put({b"a": VECTOR})
    [file] = [path for path in tmp_path.iterdir() if path.suffix == ".sqlite"]
    file.write_bytes(b"not a database at all" * 100)
    with FeatureCache(tmp_path) as cache:
        assert cache.unusable == ""
        assert cache.get([b"a"]) == {}
        cache.put({b"a": VECTOR})
        assert list(cache.get([b"a"])) == [b"a"]


def test_a_folder_that_cannot_be_used_is_as_good_as_none(tmp_path):
    (tmp_path / "file").write_text("x")
    with FeatureCache(tmp_path / "file") as cache:
        assert "no features are cached" in cache.unusable
        cache.put({b"a": VECTOR})
        assert cache.get([b"a"]) == {}
    with FeatureCache(None) as cache:
        assert cache.unusable == ""
        assert cache.get([b"a"]) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permissions there")
def test_a_folder_that_may_not_be_written_is_as_good_as_none(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with FeatureCache(tmp_path) as cache:
        assert "no features are cached" in cache.unusable


def test_limners_own_folder_bears_its_name():
    assert default_folder().name == "limner"
