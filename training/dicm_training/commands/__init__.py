"""Tools beside the stages: chain, contact sheet, evaluation, tables; each has `add_arguments` and `run`."""
