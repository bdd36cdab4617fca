"""Men and a boy: people who do not exist, each drawn by one function that returns its sheet.

Every number was set by hand; none was measured on a photo.
"""

from .features import Brow, Eye, Face, Mouth, Nose
from .hair import Lock, draw_beard, draw_curls, draw_lock, draw_stubble
from .head import draw_ears, draw_face, draw_neck
from .marks import Sheet, Tone, mirrored
from .media import CHARCOAL, FINE_LINE, GRAPHITE
from .worn import draw_glasses, draw_round_neck, draw_shirt


def old_man_beard() -> Sheet:
    """Draw an older man with a full beard and receding hair, in pencil."""
    sheet = Sheet("An older man with a beard and receding hair, pencil", GRAPHITE, seed=23)
    face = Face(
        half=(
            (0, -152), (46, -145), (80, -112), (93, -62), (95, -12), (93, 30), (87, 74), (70, 114),
            (44, 143), (18, 155), (0, 156),
        ),
        eye=Eye(upper=6.6, lower=5.4, iris=0.45, lash=2.0, fold=4, tilt=0.5, bags=0.65),
        brow=Brow(
            curve=((14, -18), (28, -25), (45, -28), (59, -25), (70, -16)),
            thickness=9, tone=0.45, hairs=150,
        ),
        nose=Nose(half=26, base=65, bridge=11, side=0.36),
        mouth=Mouth(y=95, half=33, upper=6, lower=10, upper_tone=0.35, lower_tone=0.2),
        age=0.85,
        jawline=0.4,
        neck=62,
    )  # fmt: skip
    right = (
        ((2, -110), (2, -138), (2, -166)),
        ((18, -114), (22, -140), (26, -164)),
        ((36, -132), (46, -144), (56, -154)),
        ((58, -122), (70, -132), (80, -140)),
        ((76, -88), (90, -100), (102, -108)),
        ((86, -48), (98, -58), (109, -64)),
        ((91, 14), (97, 2), (102, -12)),
    )
    back = Lock(
        guides=(*right[:0:-1], *Lock(guides=right).mirror().guides),
        strands=640, tone=0.1, dark=0.5, width=1.15, shine=None, fray=4,
    )  # fmt: skip
    sheet.layer()
    draw_neck(sheet, face)
    draw_shirt(sheet, top=172)
    draw_ears(sheet, face, 1.08)
    draw_face(sheet, face)
    draw_lock(sheet, back, cover=False)
    cheek = [(90, 8), (84, 48), (66, 77), (41, 92)]
    jaw = [(94, 12), (92, 66), (77, 116), (47, 154)]
    draw_beard(
        sheet, [*mirrored(cheek), (0, 104), *cheek[::-1]], [*mirrored(jaw), (0, 166), *jaw[::-1]],
        count=640, tone=0.27, dark=0.5, length=17,
    )  # fmt: skip
    lip, tip = [(50, 94), (34, 77), (12, 71)], [(54, 104), (36, 91), (13, 86)]
    draw_beard(
        sheet, [*mirrored(lip), (0, 74), *lip[::-1]], [*mirrored(tip), (0, 83), *tip[::-1]],
        count=250, tone=0.2, dark=0.5, length=11,
    )  # fmt: skip
    return sheet


def man_short_hair() -> Sheet:
    """Draw a man of African descent with short hair, in clean line with some tone."""
    sheet = Sheet("A man of African descent with short hair, line and tone", FINE_LINE, seed=37)
    face = Face(
        half=(
            (0, -150), (46, -144), (80, -112), (93, -64), (95, -14), (93, 30), (87, 76), (71, 116),
            (44, 143), (17, 153), (0, 154),
        ),
        eye=Eye(upper=8, lower=5.8, iris=0.95, lash=2.6, fold=4.5, tilt=1, bags=0.4),
        brow=Brow(
            curve=((15, -21), (29, -28), (46, -31), (59, -28), (69, -20)), thickness=8, tone=0.9,
            hairs=150,
        ),
        nose=Nose(half=30, base=60, bridge=11, side=0.34, nostril=1.25),
        mouth=Mouth(y=92, half=37, upper=14, lower=19, upper_tone=0.55, lower_tone=0.34),
        skin=0.3,
        modelling=1.15,
        age=0.1,
        neck=64,
    )  # fmt: skip
    rim = [(98, -6), (104, -62), (90, -116), (52, -150), (0, -161)]
    hairline = [(92, -2), (88, -50), (76, -78), (42, -93), (0, -95)]
    sheet.layer()
    draw_neck(sheet, face)
    draw_round_neck(sheet, tone=0.05)
    draw_ears(sheet, face)
    draw_face(sheet, face)
    draw_curls(
        sheet, [*mirrored(rim), *rim[-2::-1]], [*mirrored(hairline), *hairline[-2::-1]],
        count=1150, radius=3.8, tone=0.62, dark=0.6,
    )  # fmt: skip
    chin = [Tone(0, 124, 46, 16, 1), Tone(0, 130, 50, 14, 1)]
    chin += [Tone(side * x, y, 14, 26, 1) for side in (-1, 1) for x, y in ((58, 104), (76, 66))]
    sheet.clip(face.shape)
    draw_stubble(sheet, [*chin, Tone(0, 74, 22, 4, 1)], 500)
    sheet.clip(None)
    return sheet


def boy_glasses() -> Sheet:
    """Draw a boy with glasses in coarse charcoal, rotated on a larger sheet."""
    sheet = Sheet(
        "A boy with glasses, coarse charcoal, askew on the sheet", CHARCOAL, seed=67,
        size=(640, 700), centre=(385.0, 300.0), scale=1.12, turn=15.0,
    )  # fmt: skip
    face = Face(
        half=(
            (0, -158), (46, -150), (80, -115), (92, -64), (94, -14), (92, 24), (82, 64), (62, 100),
            (36, 123), (13, 132), (0, 133),
        ),
        eye=Eye(upper=9.4, lower=6.4, iris=0.7, lash=2.2, fold=4, bags=0.1),
        brow=Brow(
            curve=((17, -25), (30, -31), (45, -34), (57, -31), (66, -25)), thickness=5.5, tone=0.6,
            hairs=70,
        ),
        nose=Nose(half=20, base=52, side=0.24),
        mouth=Mouth(y=78, half=27, upper=7.5, lower=11, upper_tone=0.22, lower_tone=0.12),
        modelling=0.85,
        neck=44,
    )  # fmt: skip
    crop = Lock(
        guides=(
            ((22, -177), (-46, -174), (-96, -122), (-107, -62), (-95, -8)),
            ((24, -179), (-28, -164), (-72, -124), (-90, -78), (-82, -40)),
            ((26, -181), (0, -152), (-34, -118), (-56, -88), (-60, -58)),
            ((29, -182), (22, -144), (4, -112), (-10, -88), (-22, -64)),
            ((31, -182), (42, -144), (36, -112), (28, -90), (18, -70)),
            ((34, -181), (64, -146), (68, -112), (64, -88), (58, -66)),
            ((36, -179), (82, -148), (94, -112), (92, -76), (84, -38)),
            ((38, -177), (88, -160), (108, -114), (109, -60), (96, -8)),
        ),
        strands=480, tone=0.2, dark=0.5, width=1.1, shine=0.42, fray=6,
    )  # fmt: skip
    sheet.layer()
    draw_neck(sheet, face, shoulder=212)
    draw_round_neck(sheet, depth=196, tone=0.14, broad=0.72)
    draw_ears(sheet, face)
    draw_face(sheet, face)
    draw_lock(sheet, crop)
    draw_glasses(sheet)
    return sheet
