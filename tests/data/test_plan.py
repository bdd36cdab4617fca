import pytest

from limner.data.plan import plan
from limner.data.recipe import Part, Recipe
from limner.errors import DataError


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """40 celebrities, the even ones smiling, 12 sketches of CUFS and 20 from the web."""
    path = tmp_path_factory.mktemp("sources")
    rows = [f"{n:06}.jpg {1 if n % 2 == 0 else -1}" for n in range(40)]
    (path / "celeba" / "img_align_celeba").mkdir(parents=True)
    (path / "celeba" / "list_attr_celeba.txt").write_text("\n".join(["40", "Smiling", *rows]))
    files = [f"celeba/img_align_celeba/{n:06}.jpg" for n in range(40)]
    files += [f"cufs/sketches/{n}.png" for n in range(12)]
    files += [f"cufs/photos/{n}.png" for n in range(12)]
    files += [f"collected/{n}.png" for n in range(20)]
    for name in files:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    return path


def celeba(**options):
    return Part(source="celeba", path="celeba", **options)


def recipe(*parts, **options):
    return Recipe(name="x", parts=parts, **options)


def names(items):
    return {item.name for item in items}


def targets(pools):
    return [pool.target for pool in pools]


def test_one_smiling_photo_in_so_many_is_kept(root):
    [pool] = plan(recipe(celeba(smiling_one_in=5)), root)
    assert (pool.found, pool.judged, pool.smiling, pool.target) == (40, 40, 20, 24)
    assert sum(item.smiling for item in pool.items) == 4


def test_the_shares_stay_where_a_source_is_short(root):
    parts = (
        Part(source="folder", path="collected", kind="sketch", count=10),
        Part(source="cufs", path="cufs", count=24),
        celeba(count=30),
    )
    pools = plan(recipe(*parts), root)
    assert targets(pools) == [5, 12, 15]
    assert [{item.kind for item in pool.items} for pool in pools] == [
        {"sketch"},
        {"sketch"},
        {"photo"},
    ]


def test_what_is_not_needed_is_there_as_spare(root):
    [collected, photos] = plan(
        recipe(Part(source="folder", path="collected", count=5), celeba(count=30)), root
    )
    assert (collected.target, len(collected.items)) == (5, 20)
    assert (photos.target, len(photos.items)) == (30, 40)


def test_no_photo_is_in_two_pools(root):
    sketched, photos = plan(recipe(celeba(count=5, style="study"), celeba(count=15)), root)
    assert targets([sketched, photos]) == [5, 15]
    assert {(i.source, i.kind, i.style) for i in sketched.items} == {
        ("filtered", "sketch", "study")
    }
    assert not names(sketched.items) & names(photos.items)
    assert [len(sketched.items), len(photos.items)] == [10, 30]  # spares by the same shares
    short = plan(recipe(celeba(count=20, style="study"), celeba(count=60)), root)
    assert targets(short) == [10, 30]


def test_a_part_that_balance_makes_short_shrinks_the_others(root):
    pools = plan(recipe(celeba(count=42, smiling_one_in=20), celeba(count=10)), root)
    assert targets(pools) == [21, 5]  # 21 of 42 are left, so half of each


def test_the_seed_chooses(root):
    def chosen(seed):
        [pool] = plan(recipe(celeba(count=10), seed=seed), root)
        return names(pool.items[: pool.target])

    assert chosen(0) == chosen(0) != chosen(1)


def test_more_items_disturb_the_choice_little(root):
    few, more = ([pool] for pool in (plan(recipe(celeba(count=n)), root)[0] for n in (10, 11)))
    assert names(few[0].items[:10]) < names(more[0].items[:11])


def test_what_is_to_be_left_out_is_not_taken(root):
    wanted = recipe(Part(source="folder", path="."))
    (everything,) = plan(wanted, root)
    (rest,) = plan(wanted, root, leave_out=root / "celeba" / "img_align_celeba" / "..")
    assert names(everything.items) - names(rest.items) == {
        f"celeba/img_align_celeba/{n:06}.jpg" for n in range(40)
    }


def test_an_absent_source_is_named(root, tmp_path):
    with pytest.raises(DataError, match="ask for it at"):
        plan(recipe(celeba(count=1)), tmp_path)
