"""Keyframes that cross as tokens of a model that both ends have (`PictureCoding.TOKENS`): coded, counted."""
