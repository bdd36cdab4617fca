"""Women: people who do not exist, each drawn by one function that returns its sheet.

Every number was set by hand; none was measured on a photo.
"""

from .features import Brow, Eye, Face, Mouth, Nose, sided
from .hair import Lock, draw_curls, draw_lock
from .head import draw_ears, draw_face, draw_neck
from .marks import Sheet, mirrored
from .media import FEW_STROKES, GRAPHITE, INK
from .worn import draw_round_neck, draw_scarf


def woman_long_hair() -> Sheet:
    """Draw a young woman with long dark hair, in soft graphite."""
    sheet = Sheet("A young woman with long dark hair, soft graphite", GRAPHITE, seed=11)
    face = Face(
        half=(
            (0, -150), (45, -142), (78, -108), (90, -60), (92, -15), (90, 25), (82, 66), (63, 105),
            (36, 133), (14, 145), (0, 146),
        ),
        eye=Eye(upper=8.8, lower=5.8, iris=0.85, lash=3.0, fold=5, bags=0.2),
        brow=Brow(thickness=5.5, tone=0.7),
        nose=Nose(half=21, base=59, side=0.24),
        mouth=Mouth(y=88, half=31, upper=10, lower=14, upper_tone=0.5, lower_tone=0.26),
        modelling=0.9,
        neck=51,
    )  # fmt: skip
    behind = Lock(
        guides=(
            ((36, 60), (40, 130), (48, 200), (50, 290)),
            ((88, 60), (92, 130), (98, 200), (104, 290)),
        ),
        strands=160, tone=0.6, shine=None,
    )  # fmt: skip
    fall = Lock(
        guides=(
            ((1, -100), (34, -90), (68, -58), (84, -12), (86, 45), (79, 150), (64, 290)),
            ((1, -122), (46, -116), (87, -72), (100, -14), (102, 48), (97, 150), (90, 290)),
            ((0, -144), (52, -141), (100, -92), (115, -20), (118, 48), (118, 150), (122, 290)),
            ((-1, -164), (54, -161), (110, -108), (129, -26), (134, 45), (139, 150), (158, 290)),
        ),
        strands=520, tone=0.42, dark=0.55, width=1.1, shine=0.3,
    )  # fmt: skip
    sheet.layer()
    for side in (behind, behind.mirror()):
        draw_lock(sheet, side)
    draw_neck(sheet, face)
    draw_round_neck(sheet)
    draw_face(sheet, face)
    for side in (fall, fall.mirror()):
        draw_lock(sheet, side)
    return sheet


def woman_fringe() -> Sheet:
    """Draw an East Asian woman with a fringe, in ink."""
    sheet = Sheet("An East Asian woman with a fringe, ink", INK, seed=41)
    face = Face(
        half=(
            (0, -150), (45, -142), (77, -108), (90, -60), (93, -12), (91, 28), (82, 70), (62, 108),
            (34, 134), (13, 145), (0, 146),
        ),
        eye=Eye(upper=7, lower=5, iris=0.95, lash=3.0, fold=2.6, tilt=3.5, inner=22, bags=0.12),
        brow=Brow(
            curve=((18, -24), (31, -28), (46, -30), (58, -28), (67, -23)), thickness=5, tone=0.75
        ),
        nose=Nose(half=22, base=57, bridge=9, side=0.2),
        mouth=Mouth(y=86, half=29, upper=9, lower=13, upper_tone=0.5, lower_tone=0.2),
        modelling=0.9,
        neck=50,
    )  # fmt: skip
    behind = Lock(
        guides=(((30, 60), (36, 110), (40, 168)), ((90, 60), (94, 110), (92, 172))),
        strands=120, tone=0.85, shine=None,
    )  # fmt: skip
    side_hair = Lock(
        guides=(
            ((58, -120), (84, -70), (88, -15), (86, 40), (79, 100), (68, 160)),
            ((62, -132), (96, -78), (103, -15), (104, 45), (99, 110), (88, 170)),
            ((30, -160), (102, -98), (116, -20), (119, 45), (117, 112), (106, 174)),
            ((8, -169), (106, -118), (126, -28), (131, 45), (131, 112), (122, 172)),
        ),
        strands=420, tone=0.72, dark=0.85, shine=0.33,
    )  # fmt: skip
    fringe = Lock(
        guides=(
            ((-14, -166), (-74, -132), (-90, -80), (-86, -28)),
            ((-9, -168), (-44, -135), (-56, -84), (-55, -36)),
            ((-3, -169), (-12, -134), (-16, -84), (-17, -38)),
            ((3, -169), (22, -134), (26, -84), (26, -38)),
            ((9, -168), (54, -135), (62, -84), (60, -35)),
            ((14, -166), (78, -132), (91, -80), (87, -28)),
        ),
        strands=460, tone=0.66, dark=0.85, shine=0.45, fray=3.5,
    )  # fmt: skip
    sheet.layer()
    for side in (behind, behind.mirror()):
        draw_lock(sheet, side)
    draw_neck(sheet, face)
    draw_round_neck(sheet, tone=0.0)
    draw_face(sheet, face)
    for side in (side_hair, side_hair.mirror()):
        draw_lock(sheet, side)
    draw_lock(sheet, fringe)
    return sheet


def few_strokes() -> Sheet:
    """Draw a woman with her hair tied back, in as few strokes as possible."""
    sheet = Sheet("A woman with her hair tied back, a few strokes", FEW_STROKES, seed=53)
    face = Face(
        half=(
            (0, -150), (45, -142), (76, -108), (88, -60), (90, -14), (87, 28), (78, 72), (58, 110),
            (33, 138), (12, 150), (0, 151),
        ),
        eye=Eye(upper=8.4, lower=5.6, iris=0.5, lash=2.4, fold=5.5, bags=0.0),
        brow=Brow(thickness=4.5, tone=0.7, hairs=45),
        nose=Nose(half=21, base=60),
        mouth=Mouth(y=89, half=31, upper=9, lower=13, upper_tone=0.12, lower_tone=0.06),
        modelling=0.0,
        neck=50,
    )  # fmt: skip
    sheet.layer()
    draw_neck(sheet, face)
    draw_ears(sheet, face, 0.95)
    draw_face(sheet, face)
    for side in (-1, 1):
        sheet.contour(sided([(3, -92), (38, -86), (72, -62), (90, -22)], side), 1.8, 0.75)
        for root, crest in ((12, -116), (24, -128), (40, -140)):
            sweep = [(root * 0.4, crest), (root + 32, crest + 6), (root + 58, crest + 46)]
            sheet.contour(sided([*sweep, (99, -24)], side), 1.2, 0.5, loose=1.5)
    skull = [(98, -14), (106, -62), (95, -112), (58, -147)]
    draw_round_neck(sheet, tone=0.0)
    sheet.contour([*mirrored(skull), (0, -161), *skull[::-1]], 2.4, 0.8)
    return sheet


def woman_headscarf() -> Sheet:
    """Draw a middle-aged woman with a headscarf, in pencil."""
    sheet = Sheet("A middle-aged woman with a headscarf, pencil", GRAPHITE, seed=71)
    face = Face(
        half=(
            (0, -150), (45, -142), (77, -108), (89, -60), (91, -14), (89, 28), (81, 70), (63, 109),
            (36, 137), (14, 149), (0, 150),
        ),
        eye=Eye(upper=8.3, lower=5.8, iris=0.9, lash=2.8, fold=5, tilt=1.5, bags=0.45),
        brow=Brow(thickness=7, tone=0.8, hairs=140),
        nose=Nose(half=23, base=63, bridge=10, side=0.34),
        mouth=Mouth(y=92, half=32, upper=9, lower=13, upper_tone=0.42, lower_tone=0.22),
        skin=0.1,
        modelling=1.1,
        age=0.32,
        neck=50,
    )  # fmt: skip
    opening = [(0, -88), (46, -80), (77, -46), (87, 10), (82, 66), (61, 116), (28, 146), (0, 154)]
    rim = [(0, -164), (64, -152), (111, -98), (123, -12), (120, 66), (130, 140), (180, 204)]
    rim += [(250, 250), (230, 330), (0, 345)]
    folds = [
        [(10, -96), (52, -90), (86, -50), (97, 8), (93, 64)],
        [(30, -150), (84, -116), (108, -50), (110, 30), (102, 90)],
        [(6, -128), (52, -122), (92, -80), (104, -20)],
        [(90, 60), (76, 112), (44, 152), (8, 170)],
        [(104, 70), (92, 130), (56, 176), (10, 196)],
        [(112, 96), (106, 150), (72, 200), (20, 228)],
        [(116, 130), (116, 176), (92, 224), (50, 260)],
    ]
    sheet.layer()
    draw_neck(sheet, face, shoulder=240)
    draw_face(sheet, face)
    draw_scarf(sheet, opening, rim, folds, tone=0.2)
    return sheet


def woman_curly_hair() -> Sheet:
    """Draw a woman with a mass of dark curls, in graphite."""
    sheet = Sheet("A woman with a mass of dark curls, graphite", GRAPHITE, seed=83, scale=1.15)
    face = Face(
        half=(
            (0, -150), (45, -142), (78, -108), (91, -60), (93, -14), (91, 28), (84, 70), (66, 108),
            (39, 135), (15, 147), (0, 148),
        ),
        eye=Eye(upper=8.6, lower=5.8, iris=0.85, lash=3.0, fold=4.8, tilt=1.5, bags=0.2),
        brow=Brow(thickness=6.5, tone=0.75, hairs=130),
        nose=Nose(half=25, base=60, bridge=10, side=0.26, nostril=1.1),
        mouth=Mouth(y=90, half=34, upper=12, lower=16, upper_tone=0.45, lower_tone=0.26),
        skin=0.14,
        modelling=1.0,
        neck=50,
    )  # fmt: skip
    rim = [(84, 172), (140, 138), (166, 60), (162, -36), (136, -114), (78, -168), (0, -186)]
    hairline = [(62, 128), (78, 92), (88, 46), (89, -10), (78, -58), (46, -86), (0, -92)]
    sheet.layer()
    behind = [(36, 150), (36, 100), (30, 40), (30, 0), (24, -30), (14, -50), (0, -60)]
    draw_curls(
        sheet, [*rim, *mirrored(rim)[-2::-1]], [*behind, *mirrored(behind)[-2::-1]],
        count=120, radius=8, tone=0.7, dark=0.5,
    )  # fmt: skip
    draw_neck(sheet, face)
    draw_round_neck(sheet, tone=0.04)
    draw_face(sheet, face)
    draw_curls(
        sheet, [*rim, *mirrored(rim)[-2::-1]], [*hairline, *mirrored(hairline)[-2::-1]],
        count=1320, radius=7.5, tone=0.6, dark=0.85,
    )  # fmt: skip
    return sheet
