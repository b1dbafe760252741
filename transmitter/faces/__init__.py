"""Portraits in the place of keyframes as long as a face is there: coding portrait (docs/portrait.md)."""
