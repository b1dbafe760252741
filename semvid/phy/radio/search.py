"""A burst in samples that come bit by bit."""

import numpy as np

from semvid.phy.radio.acquisition import Found, found
from semvid.phy.radio.frame import preamble_symbols
from semvid.phy.radio.pulse import REACH, Samples
from semvid.phy.radio.tracking import Followed, duration, followed
from semvid.waveform import RadioFrame


class Search:
    """Looks for one burst; holds no more samples than it takes.

    Args:
        frame, symbols, number: of the burst, as it was sent.
        samples_per_symbol: of the pulses.

    Attributes:
        found: where its preamble was, in samples since the first that was taken; None: nowhere yet.
    """

    def __init__(self, frame: RadioFrame, symbols: int, number: int, samples_per_symbol: int) -> None:
        self._frame, self._symbols, self._number, self._sps = frame, symbols, number, samples_per_symbol
        self._preamble = preamble_symbols(frame, number)
        self._length = duration(frame, symbols, samples_per_symbol)
        self._ahead = frame.preamble * samples_per_symbol  # a better place may be as far behind the first
        self._held: Samples = np.empty(0, np.complex64)
        self._dropped = 0
        self._where: Found | None = None
        self._looked = 0  # samples of those held among which there is no preamble

    @property
    def found(self) -> Found | None:
        """See the class."""
        where = self._where
        return None if where is None else Found(where.time + self._dropped, where.offset, where.likeness)

    def take(self, samples: Samples) -> Followed | None:
        """Takes what came next; gives the burst once all of it is there.

        Args:
            samples: complex64[m]; what is not finite counts as silence.
        """
        finite = np.isfinite(samples)
        self._held = np.concatenate([self._held, np.where(finite, samples, 0).astype(np.complex64)])
        if self._where is None:
            self._look()
        where = self._where
        if where is None or len(self._held) < where.time + self._length:
            return None
        return followed(self._held, where, self._frame, self._symbols, self._number, self._sps)

    def _look(self) -> None:
        reach = REACH * self._sps
        # as long as the preamble itself at a time: less would be work for nothing
        if len(self._held) - self._looked < 2 * self._ahead + reach:
            return
        where = found(self._held, self._preamble, self._sps)
        if where is not None and where.time <= len(self._held) - 2 * self._ahead:
            self._where = where
            self._drop(max(0, int(where.time) - reach))
        elif where is None:
            self._drop(max(0, len(self._held) - self._ahead - 2 * reach))
            self._looked = len(self._held)
        else:
            self._looked = len(self._held) - self._ahead  # the rest of it is on its way

    def _drop(self, samples: int) -> None:
        self._held = self._held[samples:].copy()
        self._dropped += samples
        if self._where is not None:
            self._where = Found(self._where.time - samples, self._where.offset, self._where.likeness)
