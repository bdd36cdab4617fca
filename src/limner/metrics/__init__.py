"""Objective metrics: features, then statistics, then scores with confidence intervals."""
