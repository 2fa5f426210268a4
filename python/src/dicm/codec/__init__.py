"""Decoding and analysing pictures as compositions of tiles, networks and tasks."""
