"""Recordings of symbols as SigMF files (sigmf.org, version 1.2): what is in them beside the format's own.

A recording has one sample a symbol, of all bursts one after the other, and an annotation for each. Under
``semvid:`` its metadata holds what the receiver of a transmission is told when it is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semvid import __version__
from semvid.errors import InvalidInput, MissingComponent
from semvid.link.symbols import MAX_BLOCK_SYMBOLS
from semvid.waveform import SINGLE_CARRIER, Ofdm, RadioFrame, SingleCarrier, Waveform

DATA: Final = ".sigmf-data"
META: Final = ".sigmf-meta"
DATATYPE: Final = "cf32_le"
SPECIFICATION: Final = "1.2.0"
_EXTENSION: Final = {"name": "semvid", "version": __version__, "optional": True}
_MAX_BURSTS = 1_000_000


def global_fields(transmission_id: str, attempt: int, waveform: Waveform) -> dict[str, Any]:
    """Of a recording's metadata, all but sample rate, hardware and description."""
    fields: dict[str, Any] = {
        "core:datatype": DATATYPE,
        "core:version": SPECIFICATION,
        "core:num_channels": 1,
        "core:recorder": f"semvid {__version__}",
        "core:extensions": [_EXTENSION],
        "semvid:transmission_id": transmission_id,
        "semvid:attempt": attempt,
    }
    if isinstance(waveform, Ofdm):
        numbers = {"numerology": waveform.numerology, "resource_blocks": waveform.resource_blocks}
        return fields | {"semvid:ofdm": numbers}
    if waveform.radio is not None:
        frame = waveform.radio
        numbers = {"preamble": frame.preamble, "reference": frame.reference, "stretch": frame.stretch}
        return fields | {"semvid:radio": numbers}
    return fields


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording of symbols that was opened.

    Attributes:
        path: of its metadata.
        transmission_id, attempt: of the transmission.
        waveform: how its symbols became a signal.
        symbol_rate_hz: as recorded.
        bursts: int64[b, 2], where each begins and how long it is.
        remarks: of each, its annotation.
    """

    path: Path
    transmission_id: str
    attempt: int
    waveform: Waveform
    symbol_rate_hz: float
    bursts: NDArray[np.int64]
    remarks: list[dict[str, Any]]
    _samples: Any

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Opens a recording and makes sure that it is whole.

        Args:
            path: of its ``.sigmf-meta``.

        Raises:
            MissingComponent: the sigmf package is not installed.
            InvalidInput: it is no SigMF recording, its data do not match their digest, or it is none of a
                channel of ours.
        """
        try:
            import sigmf
        except ImportError as error:
            raise MissingComponent(
                'iq: the sigmf package is not installed; pip install "semvid[iq]"'
            ) from error
        if path.suffix != META or not path.is_file():
            raise InvalidInput(f"recording: there is no file {path} that ends in {META}; name the metadata")
        try:
            file = sigmf.fromfile(str(path), autoscale=False)
            file.validate()
        # whatever JSON holds, the package raises errors of many kinds over it
        except Exception as error:
            raise InvalidInput(f"recording: {path} is no SigMF recording: {error}") from error
        return cls._of(path, file)

    @classmethod
    def _of(cls, path: Path, file: Any) -> Recording:
        fields, annotations = file.get_global_info(), file.get_annotations()
        if fields["core:datatype"] != DATATYPE or "semvid:transmission_id" not in fields:
            raise InvalidInput(
                f"recording: {path} holds {fields['core:datatype']} and is "
                f"{'' if 'semvid:transmission_id' in fields else 'not '}of a transmission; name one that a "
                f"channel wrote with SEMVID_CHANNEL_RECORD_DIR, of {DATATYPE}"
            )
        samples = len(file)
        bursts = np.array(
            [(one["core:sample_start"], one.get("core:sample_count", 0)) for one in annotations], np.int64
        ).reshape(-1, 2)
        if not 1 <= len(bursts) <= _MAX_BURSTS:
            raise InvalidInput(
                f"recording: {path} has {len(bursts)} bursts; 1..{_MAX_BURSTS} can be replayed"
            )
        starts, sizes = bursts[:, 0], bursts[:, 1]
        wrong = (sizes < 1) | (sizes > MAX_BLOCK_SYMBOLS) | (starts < 0) | (starts + sizes > samples)
        if wrong.any():
            start, count = bursts[np.argmax(wrong)]
            raise InvalidInput(
                f"recording: {path} has a burst of {count} symbols from {start} on; there are {samples}, "
                f"and a burst has 1..{MAX_BLOCK_SYMBOLS}"
            )
        return cls(
            path,
            str(fields["semvid:transmission_id"]),
            _number(path, fields, "semvid:attempt"),
            _waveform(path, fields),
            float(fields.get("core:sample_rate", 1e6)),
            bursts,
            annotations,
            file,
        )

    def symbols(self) -> Iterator[NDArray[np.complex64]]:
        """The bursts in order, complex64[n] each, read as they are asked for."""
        for start, count in self.bursts:
            yield np.asarray(self._samples.read_samples(int(start), int(count)), np.complex64).reshape(-1)


def _number(path: Path, fields: dict[str, Any], name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidInput(f"recording: {path} has {value!r} for {name}; a whole number from 1 on was due")
    return value


def _waveform(path: Path, fields: dict[str, Any]) -> Waveform:
    try:
        if "semvid:ofdm" in fields:
            return Ofdm(**fields["semvid:ofdm"])
        if "semvid:radio" in fields:
            return SingleCarrier(RadioFrame(**fields["semvid:radio"]))
        return SINGLE_CARRIER
    except TypeError as error:
        raise InvalidInput(f"recording: {path} does not say how it was sent: {error}") from error
