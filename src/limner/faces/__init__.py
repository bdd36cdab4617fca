"""Faces: detect them, align them to the template, paste them back.

Coordinates are continuous: x to the right, y down, and the pixel in column j and row i covers
[j, j + 1] x [i, i + 1]. A transform in these coordinates needs no half-pixel corrections.
"""

from limner.faces.align import Aligned, Preprocessing, put_back
from limner.faces.detect import Detector, DlibDetector, Face
from limner.faces.page import notes_of, open_page
from limner.faces.search import face_from_eyes, find

__all__ = [
    "Aligned",
    "Detector",
    "DlibDetector",
    "Face",
    "Preprocessing",
    "face_from_eyes",
    "find",
    "notes_of",
    "open_page",
    "put_back",
]
