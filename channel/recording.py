"""SigMF recordings of what was sent and what was received, one sample a symbol, as they pass.

``ID-ATTEMPT-sent`` and ``ID-ATTEMPT-received``, each a ``.sigmf-data`` of cf32_le and a ``.sigmf-meta``
(SigMF 1.2, sigmf.org) with an annotation for every burst and, under ``semvid:``, what a receiver is told
when a transmission is opened; so that a recording can be replayed to the same video
(`semvid.link.recording`). Nothing of a recording is held in memory: annotations wait in a file of their
own until the metadata is written, at the end.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from channel.air import Air, Arrived, Sent
from semvid.errors import Conflict
from semvid.link.recording import DATA, META, global_fields
from semvid.service.files import JsonLines, data_folder, replacing, room_on_disk
from semvid.waveform import Waveform
from semvid.wire.v1 import link_pb2 as pb


class Recordings:
    """Where they are kept.

    Args:
        folder: made where it is missing; None: nothing is recorded.

    Raises:
        InvalidInput: the folder cannot be written.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else data_folder(folder, "SEMVID_CHANNEL_RECORD_DIR")

    def begin(self, opening: pb.Open, waveform: Waveform, air: Air) -> "Recorder":
        """Of one transmission that is opened.

        Raises:
            Conflict: there is one of this attempt already.
            StorageFull: there is no room on the disk.
        """
        if self._folder is None:
            return Recorder([])
        name = f"{opening.transmission_id}-{opening.attempt or 1}"
        rate_hz = air.sample_rate_hz(opening.transmission_id, waveform)
        fields = {"core:hw": air.hardware, "core:sample_rate": rate_hz}
        fields |= global_fields(opening.transmission_id, opening.attempt or 1, waveform)
        return Recorder(
            [
                _Side(self._folder / f"{name}-{side}", {**fields, "core:description": f"symbols {side}"})
                for side in ("sent", "received")
            ]
        )


class Recorder:
    """Of one transmission; of none where there are no sides."""

    def __init__(self, sides: "list[_Side]") -> None:
        self._sides = sides

    def add(self, sent: Sent, arrived: Arrived) -> None:
        """Adds a burst.

        Raises:
            StorageFull: there is no room on the disk.
        """
        for side, symbols in zip(self._sides, (sent.symbols, arrived.symbols), strict=False):
            side.add(sent.sequence, symbols, arrived.remarks)

    def close(self) -> None:
        """Writes the metadata: from now on they are recordings.

        Raises:
            StorageFull: there is no room on the disk.
        """
        for side in self._sides:
            side.close()


class _Side:
    """One recording that is being made."""

    def __init__(self, base: Path, fields: dict[str, Any]) -> None:
        self._data, self._meta = base.with_name(base.name + DATA), base.with_name(base.name + META)
        self._annotations, self._fields = base.with_name(base.name + ".annotations"), fields
        self._lines = JsonLines(self._annotations)
        self._digest, self._samples = hashlib.sha512(), 0
        with room_on_disk(base.parent):
            try:
                self._file = self._data.open("xb")
            except FileExistsError as error:
                raise Conflict(f"channel: a recording {self._data} is there; move it away") from error

    def add(self, sequence: int, symbols: NDArray[np.complex64], remarks: dict[str, Any]) -> None:
        data = symbols.astype("<c8", copy=False).tobytes()
        annotation = {
            "core:sample_start": self._samples,
            "core:sample_count": int(symbols.size),
            "core:label": f"burst {sequence}",
            "semvid:sequence": sequence,
            **{f"semvid:{name}": value for name, value in remarks.items()},
        }
        with room_on_disk(self._data.parent):
            self._file.write(data)
            self._lines.append(annotation)
        self._digest.update(data)
        self._samples += int(symbols.size)

    def close(self) -> None:
        with room_on_disk(self._data.parent):
            self._file.close()
            fields = {**self._fields, "core:sha512": self._digest.hexdigest()}
            captures = [{"core:sample_start": 0}]
            head = json.dumps({"global": fields, "captures": captures}, indent=1)
            with replacing(self._meta) as meta:
                meta.write((head.removesuffix("\n}") + ',\n "annotations": [').encode())
                for number, annotation in enumerate(self._lines.read()):
                    meta.write((("," if number else "") + "\n  " + json.dumps(annotation)).encode())
                meta.write(b"\n ]\n}\n")
            self._annotations.unlink(missing_ok=True)
