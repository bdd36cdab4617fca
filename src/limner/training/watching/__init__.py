"""Monitoring of a run: sample grids, scores, monitors, curves, and the report."""
