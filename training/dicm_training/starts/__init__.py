"""Starts that are measured instead of drawn: linear transforms of the features."""
