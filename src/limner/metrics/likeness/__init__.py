"""Metrics against the ground-truth photo: is it the same person, in the same light?"""
