"""How outputs of networks become labels, boxes and masks (docs/architecture.md, "Heads and post-processing")."""
