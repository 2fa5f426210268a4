"""Networks that are trained, and what they are made of; nothing here knows of files, data or losses."""
