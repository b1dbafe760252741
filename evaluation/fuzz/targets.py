"""What is fuzzed: for each a corpus, what is done with an input, and which refusals are in order."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from semvid import bitstream, keyframe_payload, token_payload
from semvid.errors import SemvidError
from semvid.faces.units import NUMBERS, POINTS, FaceMotion, FaceShape
from semvid.images.jscc.code import Analysed, Side
from semvid.images.jscc.networks import shipped
from semvid.link.symbols import pack_symbols, unpack_symbols
from semvid.link.waveform import waveform_of
from semvid.options import TransmissionOptions
from semvid.phy.control_word import AnalogueSection, ControlWord, Section
from semvid.phy.crc import CRC16
from semvid.phy.mcs import MCS_TABLE
from semvid.semantics import AnalogueKeyframe, Caption, KeyframeSlice, StreamEnd, StreamHeader
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.writer import VideoWriter
from semvid.wire.v1 import link_pb2 as pb
from transmitter.store import JobRecord


@dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
        corpus: valid inputs.
        feed: gives it an input; what it raises beside ``refusals`` is a finding.
        refusals: what says in good order that an input is none.
    """

    corpus: list[bytes]
    feed: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]


def units() -> Target:
    """Side information as it comes off the channel."""
    header = StreamHeader(64, 48, 64, 48, Fraction(1, 12_800), Fraction(25), seed=7)
    moments = tuple((moment,) * NUMBERS for moment in range(5))
    corpus = [
        bitstream.pack([header]),
        bitstream.pack([header, Caption(0, 1, "a dog runs over grass")]),
        bitstream.pack([Caption(0, 3, "two people talk"), StreamEnd(100, 4)]),
        bitstream.pack([Caption(0, 3, "two people talk"), AnalogueKeyframe(3, 90, _rate_map())]),
        bitstream.pack([FaceShape(1, 90, 80, 40, -3, ((2, -5),) * POINTS), FaceMotion(0, 2, 2, moments)]),
    ]
    return Target(corpus, bitstream.unpack, (SemvidError,))


def analogue_sides() -> Target:
    """What stands beside the symbols of a keyframe without bits."""
    return Target([_rate_map()], Side.of, (SemvidError,))


def _rate_map() -> bytes:
    picture = np.random.default_rng(3).integers(0, 256, (64, 96, 3), np.uint8)
    return Analysed(shipped(), picture, 10.0).code(400).side


def keyframe_payloads() -> Target:
    """Coded keyframes as they come off the channel."""
    part = KeyframeSlice(3, 5, b"\x12\x00\x0a\x0b" * 8)
    return Target([keyframe_payload.pack(None, part)], keyframe_payload.unpack, (SemvidError,))


def token_payloads() -> Target:
    """Packets of tokens as they come off the channel."""
    group = token_payload.group_of(3, 70, False, 400)
    part = KeyframeSlice(3, 100, b"\x12\x00\x0a\x0b" * 25)
    return Target([token_payload.pack(group, part)], token_payload.unpack, (SemvidError,))


def control_words() -> Target:
    """Fields of any value under a checksum that holds: what is left when decoding went wrong by chance."""
    words = [
        ControlWord(3, 1, Section(40, MCS_TABLE[4]), None),
        ControlWord(0, 0, Section(9, MCS_TABLE[4]), Section(500, MCS_TABLE[9])),
        ControlWord(5, 0, Section(90, MCS_TABLE[4]), AnalogueSection(20_000)),
    ]
    valid = words[0].to_bits()
    fields = len(valid) - CRC16.length
    mask = valid[fields:] ^ CRC16.parity(valid[:fields])

    def feed(data: bytes) -> object:
        bits = np.unpackbits(np.frombuffer(data.ljust(8, b"\0")[:8], np.uint8))[: len(valid)]
        bits[fields:] = CRC16.parity(bits[:fields]) ^ mask
        return ControlWord.from_bits(bits)

    return Target([np.packbits(word.to_bits()).tobytes() for word in words], feed, ())


def link_messages() -> Target:
    """Requests of a sender."""
    opening = pb.Open(transmission_id="3f0c9a7be1d24c58", attempt=2)
    opening.emulation.model, opening.emulation.snr_db = "rayleigh", 7.5
    symbols = pack_symbols(np.ones(8, np.complex64))
    corpus = [
        pb.TransmitRequest(open=opening).SerializeToString(),
        pb.TransmitRequest(block=pb.SymbolBlock(sequence=4, symbols=symbols)).SerializeToString(),
    ]

    def feed(data: bytes) -> object:
        request = pb.TransmitRequest.FromString(data)
        return (
            waveform_of(request.open) if request.HasField("open") else unpack_symbols(request.block.symbols)
        )

    return Target(corpus, feed, (SemvidError, DecodeError))


def job_records() -> Target:
    """Rows of the transmitter's database."""
    job = JobRecord("3f0c9a7be1d24c58", TransmissionOptions(), {"name": "a.mp4"})
    rows = [job._row(), {**job._row(), "error": '{"title": "x", "status": 502}'}]

    def feed(data: bytes) -> object:
        given: Any = json.loads(data)
        names, values = list(rows[0]), dict(given)
        columns = ", ".join(f"? AS {name}" for name in names)
        row = database.execute(f"SELECT {columns}", [values.get(name) for name in names]).fetchone()
        return JobRecord._of_row(row)

    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    refused = (ValueError, TypeError, RecursionError, sqlite3.Error, OverflowError)
    return Target([json.dumps(row).encode() for row in rows], feed, refused)


def upload_probe(scratch: Path) -> Target:
    """The first look at an uploaded file."""
    limits = VideoLimits(max_bytes=2**20, max_duration_s=3600, max_pixels=4096 * 2304, max_frames=2**20)
    path = scratch / "upload"

    def feed(data: bytes) -> object:
        path.write_bytes(data)
        return probe(path, limits)

    clip = scratch / "clip.mp4"
    with VideoWriter(clip, 64, 48, Fraction(1, 25)) as writer:
        for index in range(6):
            writer.append(np.full((48, 64, 3), 40 * index, np.uint8), index)
    return Target([clip.read_bytes()], feed, (SemvidError,))


TARGETS: dict[str, Callable[[Path], Target]] = {
    "units": lambda _: units(),
    "analogue sides": lambda _: analogue_sides(),
    "keyframe payloads": lambda _: keyframe_payloads(),
    "token payloads": lambda _: token_payloads(),
    "control words": lambda _: control_words(),
    "link messages": lambda _: link_messages(),
    "job records": lambda _: job_records(),
    "upload probe": upload_probe,
}
