"""Symbols in, MP4 out.

A transmission is taken in by `receiver.ingest` and `receiver.transmission`, put in order by
`receiver.assembly`, planned by `receiver.segments`, regenerated and written by `receiver.pipeline`, and kept
and shown by `receiver.library` and `receiver.app`.
"""
