"""Metrics that compare the photo with the drawing: does it show all that was drawn, and no more?"""
