"""Training: losses, objectives, the loop, and the folder that a run is."""
