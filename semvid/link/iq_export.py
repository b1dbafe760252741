"""A recording of symbols as samples that a transmitter can play: framed, shaped, with silence in between."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.link.recording import DATA, META, Recording, global_fields
from semvid.phy.radio.frame import framed
from semvid.phy.radio.pulse import REACH, shaped
from semvid.service.files import replacing, room_on_disk, write_atomically
from semvid.waveform import SAMPLES_PER_SYMBOL, RadioFrame, SingleCarrier


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        meta: of the samples; what holds them lies beside it.
        samples, sample_rate_hz: of them.
        scale: by which samples of unit mean power were multiplied.
    """

    meta: Path
    samples: int
    sample_rate_hz: float
    scale: float


def export(
    recording: Recording, meta: Path, samples_per_symbol: int = 2, peak: float = 0.8, gap_s: float = 0.008
) -> Exported:
    """Writes the samples of a recording of what was sent, as a SigMF recording of cf32_le.

    Args:
        recording: of a single carrier; framed as it was on the air, or as `RadioFrame` says by default.
        meta: file to write, ``.sigmf-meta``.
        samples_per_symbol: 2..16.
        peak: largest magnitude of a sample.
        gap_s: silence before every burst.

    Raises:
        InvalidInput: OFDM, or a name or a value that will not do.
        StorageFull: there is no room on the disk.
    """
    low, high = SAMPLES_PER_SYMBOL
    if not low <= samples_per_symbol <= high:
        raise InvalidInput(f"export: samples per symbol must lie in {low}..{high}, got {samples_per_symbol}")
    if not 0 < peak <= 1e6 or not 0 <= gap_s <= 60:
        raise InvalidInput(
            f"export: a peak of 0..1e6 and a gap of 0..60 s will do, got {peak:g} and {gap_s:g}"
        )
    if meta.suffix != META:
        raise InvalidInput(f"export: {meta} must end in {META}")
    if not isinstance(recording.waveform, SingleCarrier):
        raise InvalidInput("export: OFDM is recorded as resource elements; export a single carrier")
    waveform = recording.waveform if recording.waveform.radio else SingleCarrier(RadioFrame())
    writing = _Writing(recording, waveform, samples_per_symbol, gap_s)
    scale = peak / writing.largest()
    rate_hz = recording.symbol_rate_hz * samples_per_symbol
    fields = global_fields(recording.transmission_id, recording.attempt, waveform) | {
        "core:sample_rate": rate_hz,
        "core:hw": "none: made by semvid iq export",
        "core:description": "samples of bursts with root raised cosine pulses, roll-off 0.25",
        "semvid:samples_per_symbol": samples_per_symbol,
        "semvid:scale": scale,
    }
    with room_on_disk(meta.parent):
        digest, annotations, samples = writing.write(meta.with_suffix(DATA), scale)
        fields["core:sha512"] = digest
        document = {"global": fields, "captures": [{"core:sample_start": 0}], "annotations": annotations}
        write_atomically(meta, json.dumps(document, indent=1) + "\n")
    return Exported(meta, samples, rate_hz, scale)


class _Writing:
    """Bursts as samples, twice: to know the largest, and to write them."""

    def __init__(self, recording: Recording, waveform: SingleCarrier, sps: int, gap_s: float) -> None:
        assert waveform.radio is not None
        self._recording, self._frame, self._sps = recording, waveform.radio, sps
        self._silence = np.zeros(round(gap_s * recording.symbol_rate_hz) * sps, np.complex64)

    def _burst(self, number: int, symbols: NDArray[np.complex64]) -> NDArray[np.complex64]:
        return shaped(framed(symbols, self._frame, number), self._sps)

    def largest(self) -> float:
        numbered = enumerate(self._recording.symbols())
        return max(float(np.abs(self._burst(number, symbols)).max()) for number, symbols in numbered)

    def write(self, path: Path, scale: float) -> tuple[str, list[dict[str, Any]], int]:
        digest, annotations, position = hashlib.sha512(), [], 0
        with replacing(path) as file:
            for number, symbols in enumerate(self._recording.symbols()):
                burst = self._burst(number, symbols) * np.float32(scale)
                annotations.append(
                    {
                        "core:sample_start": position + len(self._silence),
                        "core:sample_count": len(burst),
                        "core:label": f"burst {number}",
                        "semvid:sequence": number,
                        "semvid:symbols": len(symbols),
                        "semvid:first_symbol": position + len(self._silence) + REACH * self._sps,
                    }
                )
                for part in (self._silence, burst):
                    data = part.astype("<c8", copy=False).tobytes()
                    digest.update(data)
                    file.write(data)
                    position += len(part)
        return digest.hexdigest(), annotations, position
