"""Training: losses, objectives, the loop and the run folder."""
