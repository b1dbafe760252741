"""The laboratory: measurements of the running system and of its parts. Imported by none."""
