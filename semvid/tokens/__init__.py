"""Keyframes as grids of discrete tokens, of which those that miss are drawn (docs/tokens.md)."""
