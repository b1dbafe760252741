"""Symbols in, MP4 out.

A transmission is taken in by `receiver.link_service` and `receiver.transmission`, put in order by
`receiver.assembly`, planned by `receiver.gaps`, regenerated and written by `receiver.pipeline`, and kept
and shown by `receiver.library` and `receiver.app`.
"""
