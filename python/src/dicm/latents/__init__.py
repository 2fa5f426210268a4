"""A tile's range-coded bytes to its latents, by the tile core (docs/tile-core.md)."""
