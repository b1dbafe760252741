"""Parsers of what strangers and noise send, fed with anything at all, many million times."""
