"""Photographs, crops, views and pairs of them; what a step sees depends on seed, step and place only."""
