"""Between trained modules and the tensors of a model folder, in both directions."""
