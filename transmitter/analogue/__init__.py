"""Keyframes that cross as symbols without bits (`PictureCoding.JSCC`): planned, paced, coded."""
