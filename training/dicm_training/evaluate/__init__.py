"""From networks to figures: objects from raw predictions, accuracy, average precision."""
