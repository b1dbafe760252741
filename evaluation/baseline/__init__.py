"""Separate source and channel coding for stills and videos, at its best, with every symbol counted."""
