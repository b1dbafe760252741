"""Decibels, exactly."""

from __future__ import annotations

from decimal import Decimal


def amplitude_of_db(power_db: float) -> float:
    """Amplitude whose power is ``power_db`` decibels: ``10 ** (power_db / 20)``.

    Computed in decimal and rounded once, so that it is the same on every machine; ``pow`` of the C library
    is not.
    """
    return float(Decimal(10) ** (Decimal(power_db) / 20))
