"""Keyframe pictures: their code, and the interpolation between them."""
