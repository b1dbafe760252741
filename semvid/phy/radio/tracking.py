r"""The symbols of a burst that was found: clock and carrier followed from reference to reference.

The preamble alone says the carrier's offset to :math:`6 / (\mathrm{SNR}\, N (N^2 - 1))` rad² a symbol²
(the Cramér-Rao bound), which is turns at the end of a long burst. Each block of references is looked for
where those before it say, and gives a phase and a time; lines through all of them, weighted by their
number of symbols, are the carrier and the clock. Phases that do not lie on a line within what noise
explains are those of an oscillator that wanders: then it is straight from one block to the next.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Reals, Symbols
from semvid.phy.radio.acquisition import Found, derotated
from semvid.phy.radio.frame import Places, places, preamble_symbols, reference_symbols
from semvid.phy.radio.pulse import ROLL_OFF, Samples, matched
from semvid.waveform import RadioFrame

CLOCK_PPM = 20.0
"""How far apart two clocks are expected to run; four times as far is followed as well."""
_TIME_STEP = 0.25  # symbols to both sides at which a block is tried
_WANDERS = 5.0  # standard deviations by which residual phases exceed noise
# mean of (2 pi f)^2 over the spectrum of a root raised cosine, symbols^-2
_BANDWIDTH = np.pi**2 / 3 * (1 + 3 * ROLL_OFF**2 * (1 - 8 / np.pi**2))


@dataclass(frozen=True, eq=False)
class Followed:
    """A burst as it was received.

    Attributes:
        symbols: complex64[n], the burst's own, with the carrier taken out; the channel's gain is still in
            them.
        offset: of the carrier, cycles per symbol.
        clock_ppm: by how much longer a symbol lasted than at the sender, in parts per million.
        wanders: the phase did not turn steadily.
        known: complex64[k], the preamble and the references as they were received.
    """

    symbols: Symbols
    offset: float
    clock_ppm: float
    wanders: bool
    known: Symbols


def duration(frame: RadioFrame, symbols: int, samples_per_symbol: int) -> int:
    """Samples from a preamble's first symbol that `followed` may look at."""
    longest = 1 + 4e-6 * CLOCK_PPM
    return int(np.ceil((places(frame, symbols).total * longest + 20) * samples_per_symbol))


def followed(
    samples: Samples, where: Found, frame: RadioFrame, symbols: int, number: int, samples_per_symbol: int
) -> Followed:
    """The symbols of a burst.

    Args:
        samples: complex64[m]; `duration` of them from ``where.time`` on, or what there is.
        where: the burst was found.
        frame, symbols, number: of the burst, as they were sent.
        samples_per_symbol: of the pulses.
    """
    layout, sps = places(frame, symbols), samples_per_symbol
    turned = derotated(samples, where.offset, sps)
    preamble = preamble_symbols(frame, number)
    at_start = matched(turned, where.time + np.arange(frame.preamble) * float(sps), sps)
    track = _Track(frame.preamble, float(np.angle(np.vdot(preamble, at_start))), where.snr)
    reference = reference_symbols(frame)
    inside = np.arange(frame.reference)
    for start in layout.references:
        middle = float(start) + (frame.reference - 1) / 2
        late = float(track.late(np.array(middle)))
        y = {
            side: matched(turned, where.time + (start + inside + late + side) * float(sps), sps)
            for side in (-_TIME_STEP, 0.0, _TIME_STEP)
        }
        turns = np.exp(-1j * track.slope * (inside - inside.mean()))
        heard = {side: complex(np.vdot(reference, part * turns)) for side, part in y.items()}
        before, here, after = (abs(heard[side]) ** 2 for side in sorted(heard))
        bend = before - 2 * here + after
        move = float(np.clip(0.5 * (before - after) / bend, -1, 1)) * _TIME_STEP if bend < 0 else 0.0
        track.add(middle, float(np.angle(heard[0.0])), late + move, frame.reference)
    everything = np.arange(layout.total, dtype=np.float64)
    on_air = matched(turned, where.time + (everything + track.late(everything)) * float(sps), sps)
    on_air *= np.exp(-1j * track.phase(everything))
    return _taken_apart(on_air, layout, frame, where.offset + track.slope / (2 * np.pi), track)


def _taken_apart(
    on_air: NDArray[np.complex128], layout: Places, frame: RadioFrame, offset: float, track: "_Track"
) -> Followed:
    own = on_air.astype(np.complex64)
    references = (layout.references[:, None] + np.arange(frame.reference)).reshape(-1)
    known = np.concatenate([own[: frame.preamble], own[references]])
    return Followed(own[layout.data], offset, 1e6 * track.stretch, track.wanders, known)


class _Track:
    """Phase and time of a burst over its symbols, by least squares from what was seen of them.

    Attributes:
        slope: of the phase, radians per symbol.
        stretch: symbols by which a symbol comes later than the one before.
    """

    def __init__(self, preamble: int, phase: float, snr: float) -> None:
        self.slope = self.stretch = 0.0
        self._centre, self._phase, self._time = (preamble - 1) / 2, phase, 0.0
        self._at, self._phases, self._times = [self._centre], [phase], [0.0]
        self._weights, self._snr = [float(preamble)], snr
        # what the preamble says of the phase's slope by itself: as much as its symbols, spread about its
        # middle
        self._slope_weight = preamble * (preamble**2 - 1) / 12
        # what is expected of a clock, in the same measure: a symbol's time has a variance of 1 / (2 snr
        # bandwidth)
        self._stretch_weight = 1 / (2 * snr * _BANDWIDTH * (CLOCK_PPM * 1e-6) ** 2)

    def late(self, symbols: Reals) -> Reals:
        """How late some symbols are, in symbols, against an even clock from the preamble on."""
        return self._time + self.stretch * (symbols - self._centre)

    def add(self, middle: float, phase: float, late: float, count: int) -> None:
        """Takes in a block of ``count`` references around symbol ``middle``."""
        expected = float(self._line(np.array(middle)))
        self._at.append(middle)
        self._phases.append(expected + float(np.angle(np.exp(1j * (phase - expected)))))
        self._times.append(late)
        self._weights.append(float(count))
        weights = np.array(self._weights)
        shares = weights / weights.sum()
        self._centre = float(shares @ self._at)
        self._phase, self._time = float(shares @ self._phases), float(shares @ self._times)
        from_centre = weights * (np.array(self._at) - self._centre)
        spread = float(from_centre @ self._at)
        self.slope = float(from_centre @ self._phases) / (spread + self._slope_weight)
        self.stretch = float(from_centre @ self._times) / (spread + self._stretch_weight)

    @property
    def wanders(self) -> bool:
        """Whether the phases lie off the line by more than noise explains."""
        degrees = len(self._at) - 2
        if degrees < 1:
            return False
        off = np.array(self._phases) - self._line(np.array(self._at))
        squares = float(np.sum(np.array(self._weights) * off**2)) * 2 * self._snr
        return squares > degrees + _WANDERS * math.sqrt(2 * degrees)

    def phase(self, symbols: Reals) -> Reals:
        """The phase at some symbols in order, radians."""
        if not self.wanders:
            return self._line(symbols)
        first, last = float(symbols[0]), float(symbols[-1])
        before = self._phases[0] - self.slope * (self._at[0] - first)
        after = self._phases[-1] + self.slope * (last - self._at[-1])
        return np.interp(symbols, [first, *self._at, last], [before, *self._phases, after])

    def _line(self, symbols: Reals) -> Reals:
        return self._phase + self.slope * (symbols - self._centre)
