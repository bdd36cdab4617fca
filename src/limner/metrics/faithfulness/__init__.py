"""Metrics against the drawing: is what was drawn in the photo, and nothing else?"""
