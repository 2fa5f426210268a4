"""Released models as folders: manifest, weights, identities (docs/architecture.md)."""
