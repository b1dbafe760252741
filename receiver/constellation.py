"""A fair sample of the equalised symbols of a transmission, for plots."""

import threading
from typing import Any

import numpy as np

from semvid.phy.block import Reception

CAPACITY = 3000
_CLASSES = ("control", "protected", "bulk")  # the order of Reception.sections


class Constellation:
    """Reservoir of `CAPACITY` symbols: each symbol so far is in it with equal probability. Thread-safe.

    Sampling is seeded, so that equal transmissions give equal samples.
    """

    def __init__(self) -> None:
        self._points = np.zeros(CAPACITY, np.complex64)
        self._classes = np.zeros(CAPACITY, np.uint8)
        self._seen = 0
        self._random = np.random.default_rng(0)
        self._lock = threading.Lock()

    def add(self, reception: Reception) -> None:
        """Takes the data symbols of one burst into account."""
        count = len(reception.equalised)
        if not count:
            return
        classes = np.repeat(np.arange(len(_CLASSES), dtype=np.uint8), reception.sections)
        with self._lock:
            # Algorithm R: symbol number n replaces place j, drawn from 0 .. n, if there is such a place.
            serial = np.arange(self._seen, self._seen + count)
            places = np.where(serial < CAPACITY, serial, self._random.integers(0, serial + 1))
            taken = np.flatnonzero(places < CAPACITY)
            self._points[places[taken]] = reception.equalised[
                taken
            ]  # of several for one place the last stays
            self._classes[places[taken]] = classes[taken]
            self._seen += count

    def to_json(self) -> dict[str, Any]:
        """``{"i": [...], "q": [...], "class": [...]}``: real and imaginary parts, and what each carried."""
        with self._lock:
            points = self._points[: self._seen].copy()
            classes = self._classes[: self._seen].copy()
        return {
            "i": np.round(points.real.astype(float), 4).tolist(),
            "q": np.round(points.imag.astype(float), 4).tolist(),
            "class": [_CLASSES[c] for c in classes],
        }
