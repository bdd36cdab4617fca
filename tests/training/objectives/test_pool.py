import torch

from limner.training.objectives.pool import Pool


def numbered(first, count):
    """Images whose pixels all equal their number."""
    return torch.arange(first, first + count).float().view(-1, 1, 1, 1).requires_grad_()


def run(pool, first, last, batch=4):
    given = [pool.exchange(numbered(at, batch), at) for at in range(first, last, batch)]
    return torch.cat(given).flatten().tolist()


def test_until_it_is_full_it_gives_what_it_gets():
    pool = Pool(8, seed=0, place=1)
    assert run(pool, 0, 8) == list(range(8))


def test_then_half_of_what_it_gives_is_old():
    given = run(Pool(8, seed=0, place=1), 0, 800)
    old = [seen for number, seen in enumerate(given) if seen != number]
    assert 350 < len(old) < 450
    assert len(set(old)) == len(old)  # an image that is returned leaves the pool


def test_going_on_from_its_state_changes_nothing():
    whole = Pool(5, seed=0, place=1)
    expected = run(whole, 0, 40)
    first, second = Pool(5, seed=0, place=1), Pool(5, seed=0, place=1)
    given = run(first, 0, 20)
    second.load_state_dict(first.state_dict(), torch.device("cpu"))
    assert given + run(second, 20, 40) == expected
    assert torch.equal(second.state_dict()["kept"], whole.state_dict()["kept"])


def test_two_pools_choose_differently():
    assert run(Pool(5, seed=0, place=1), 0, 40) != run(Pool(5, seed=0, place=2), 0, 40)


def test_without_a_pool_pictures_lose_their_gradient_only():
    made = numbered(0, 2)
    given = Pool(0, seed=0, place=1).exchange(made, 0)
    assert torch.equal(given, made)
    assert not given.requires_grad
    empty = Pool(3, seed=0, place=1)
    empty.load_state_dict(empty.state_dict(), torch.device("cpu"))
    assert empty.kept == []
