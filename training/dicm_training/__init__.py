"""Training recipe of dicm: stages `codec`, `polish` and `export`, each one command (see training/README.md)."""
