"""Cleans drawings: photographed and scanned pages become clean drawings."""

from limner.drawings.cleaning import Clean, Cleaned, Judge, clean
from limner.drawings.literal import estimate_literal

__all__ = ["Clean", "Cleaned", "Judge", "clean", "estimate_literal"]
