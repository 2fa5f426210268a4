"""One module a stage; each has `add_arguments` and `run`."""
