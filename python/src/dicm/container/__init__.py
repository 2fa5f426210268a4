"""``.dicm`` bytes to structure: everything about a file that needs no model (format-spec/v1/dicm-v1.md)."""
