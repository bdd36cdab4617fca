"""Drawings as people bring them: photographed and scanned pages become clean drawings."""

from limner.drawings.cleaning import Clean, Cleaned, Judge, clean

__all__ = ["Clean", "Cleaned", "Judge", "clean"]
