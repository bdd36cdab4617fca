"""Objectives, their loss terms, and the frozen networks that they use."""
