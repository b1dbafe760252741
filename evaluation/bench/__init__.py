"""Sweeps over methods, clips and channels: one record a cell, and a report made of them."""
