"""For all tests: property tests may be slow on a busy machine, and take the same examples every time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("semvid", deadline=None, derandomize=True)
settings.load_profile("semvid")
