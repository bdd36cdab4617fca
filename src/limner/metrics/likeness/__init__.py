"""Metrics that compare with the ground truth: is it the same person, in the same light?"""
