"""Sentences put together from measurements: what was not measured is not said, what is unclear left out."""
