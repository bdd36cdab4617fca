import numpy as np

from limner.data.cleaning import REASONS
from limner.data.plan import Pool
from limner.data.recipe import Part
from limner.data.selection import KEPT, Looked, select, share_of, trim


def pool(found=9, **options):
    part = Part(source="folder", path="x", **options)
    return Pool(part=part, found=found, judged=0, smiling=0, target=part.count, items=[])


def looked(count, *, part=0, smile=np.nan, labelled=False, sketch=False, seed=0):
    rng = np.random.default_rng(seed)
    return Looked(
        part=np.full(count, part, np.int32),
        reason=np.full(count, KEPT, np.int8),
        sketch=np.full(count, sketch),
        smile=np.broadcast_to(np.float32(smile), count).copy(),
        labelled=np.full(count, labelled),
        fingerprint=rng.integers(0, 256, (count, 32), dtype=np.uint8),
    )


def together(*some):
    names = Looked.__dataclass_fields__
    return Looked(**{n: np.concatenate([getattr(one, n) for one in some]) for n in names})


def reasons(selection):
    return [REASONS[code] if code != KEPT else "" for code in selection.reason]


def test_a_copy_is_dropped_and_names_its_original():
    rows = looked(4)
    rows.fingerprint[2] = rows.fingerprint[1]
    made = select(rows, [pool()], 16)
    assert reasons(made) == ["", "", "near-duplicate", ""]
    assert made.twin.tolist() == [-1, -1, 1, -1]
    assert reasons(select(rows, [pool()], -1)) == [""] * 4


def test_a_sketch_is_no_copy_of_its_photo():
    photos, drawings = looked(3), looked(3, part=1, sketch=True)
    assert reasons(select(together(photos, drawings), [pool(), pool()], 16)) == [""] * 6
    again = looked(3, part=1)
    found = reasons(select(together(photos, again), [pool(), pool()], 16))
    assert found == [""] * 3 + ["near-duplicate"] * 3


def test_what_was_dropped_before_makes_no_copies():
    rows = looked(2)
    rows.fingerprint[1] = rows.fingerprint[0]
    rows.reason[0] = REASONS.index("blurred")
    assert reasons(select(rows, [pool()], 16)) == ["blurred", ""]


def test_smiles_that_only_the_score_knows_are_balanced():
    smiles = together(looked(6, smile=0.9), looked(3, smile=0.2, seed=1), looked(2, seed=2))
    made = select(smiles, [pool(smiling_one_in=3)], 16)
    kept = [reason == "" for reason in reasons(made)]
    assert kept == [False, False, True] * 2 + [True] * 5
    assert reasons(made)[0] == "smile balance"
    assert reasons(select(smiles, [pool()], 16)) == [""] * 11


def test_labelled_smiles_were_balanced_before():
    made = select(looked(6, smile=1.0, labelled=True), [pool(smiling_one_in=3)], 16)
    assert reasons(made) == [""] * 6


def test_what_is_too_much_is_cut_and_the_shares_stay():
    rows = together(looked(7), looked(4, part=1, seed=1), looked(5, part=2, seed=2))
    pools = [pool(count=10), pool(count=8), pool()]
    made = trim(select(rows, pools, 16), rows, pools)
    assert [made.kept(rows.part, number) for number in range(3)] == [5, 4, 5]
    assert reasons(made)[5:7] == ["surplus"] * 2


def test_a_share_counts_everything_once():
    rows = together(looked(4, smile=0.9), looked(3, smile=0.1, seed=1))
    rows.reason[6] = REASONS.index("no face")
    pools = [pool(smiling_one_in=2, count=3, found=20)]
    made = trim(select(rows, pools, 16), rows, pools)
    share = share_of(0, pools[0], rows, made)
    assert (share.wanted, share.found, share.looked_at, share.kept) == (3, 20, 7, 3)
    assert share.dropped == {"no face": 1, "smile balance": 2, "surplus": 1}
    assert (share.judged_found, share.smiling_found) == (7, 4)
    assert (share.judged_kept, share.smiling_kept) == (3, 2)
    assert sum(share.dropped.values()) + share.kept == share.looked_at
    assert (
        str(share)
        == "x: 3 faces of 3 requested (20 pictures, 4 of them and 2 of the faces smiling)"
    )
