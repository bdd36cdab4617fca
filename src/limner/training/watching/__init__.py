"""What is seen of a run: sample grids, scores, monitors, curves, and its page."""
