"""Training data: photos, their sketches, and prefetched batches of both."""
