"""Metrics against real photos: does what is generated look like photos, and as diverse?"""
