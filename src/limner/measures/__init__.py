"""Objective measures: one a file, each features, then statistics, then a figure."""
