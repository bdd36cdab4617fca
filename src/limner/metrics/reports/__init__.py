"""Scores as pages, JSON and lines in a terminal."""
