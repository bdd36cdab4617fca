import pickle

from limner.errors import MissingExtraError


def test_a_missing_extra_is_named_by_other_processes_too():
    error = pickle.loads(pickle.dumps(MissingExtraError("this", "train")))
    assert str(error) == "this needs the extra 'train': pip install 'limner[train]'"
