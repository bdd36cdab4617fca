"""Objective metrics: from features to statistics to scores with confidence intervals."""
