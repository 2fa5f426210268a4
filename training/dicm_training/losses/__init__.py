"""What training goes down: distortion of features, the loss of the heads."""
