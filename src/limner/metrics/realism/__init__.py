"""Metrics that compare with real photos: are generated photos as realistic and as diverse?"""
