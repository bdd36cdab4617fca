"""Training of the landmark predictor and the smile score in `limner.faces`."""
