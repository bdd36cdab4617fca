"""What training learns from: photos, their sketches, and batches of both, ahead of time."""
