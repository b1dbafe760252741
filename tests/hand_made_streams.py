"""Streams that no encoder at hand makes, bit by bit: field pictures, and B-frames in the chunks of others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIDE = 64  # pixels, of the field-coded pictures
_H264_SPS, _H264_PPS, _H264_IDR, _H264_SLICE = 0x67, 0x68, 0x65, 0x41


class _Bits:
    def __init__(self) -> None:
        self._bits: list[int] = []

    def u(self, value: int, count: int) -> _Bits:
        self._bits += [value >> at & 1 for at in range(count - 1, -1, -1)]
        return self

    def ue(self, *values: int) -> _Bits:
        for value in values:
            self.u(0, (value + 1).bit_length() - 1).u(value + 1, (value + 1).bit_length())
        return self

    def aligned(self) -> _Bits:
        return self.u(0, -len(self._bits) % 8)

    def raw(self, data: bytes) -> _Bits:
        for byte in data:
            self.u(byte, 8)
        return self

    def bytes(self) -> bytes:
        self.aligned()
        return bytes(np.packbits(np.array(self._bits, np.uint8)))

    def nal(self, head: int) -> bytes:
        out, zeros = bytearray([head]), 0
        for byte in self.u(1, 1).bytes():
            if zeros >= 2 and byte <= 3:
                out.append(3)
                zeros = 0
            out.append(byte)
            zeros = 0 if byte else zeros + 1
        return b"\0\0\0\1" + bytes(out)


def _h264_parameters() -> bytes:
    sps = _Bits().u(77, 8).u(0, 8).u(30, 8).ue(0, 0, 2, 1).u(0, 1).ue(SIDE // 16 - 1, SIDE // 32 - 1)
    sps.u(0b001000 >> 1, 5)  # not frames only, no MBAFF, direct_8x8, no cropping, no VUI
    pps = _Bits().ue(0, 0).u(0, 2).ue(0, 0, 0).u(0, 3).ue(0, 0, 0).u(0, 3)
    return sps.nal(_H264_SPS) + pps.nal(_H264_PPS)


def h264_field(frame: int, parity: int | None, level: int) -> bytes:
    """One field of one grey level: I_PCM macroblocks, CAVLC; ``parity`` None: a whole frame."""
    idr = frame == 0 and not parity
    bits = _Bits().ue(0, 7, 0).u(frame % 16, 4).u(parity is not None, 1)
    if parity is not None:
        bits.u(parity, 1)
    bits = bits.ue(0).u(0, 2) if idr else bits.u(0, 1)
    bits.ue(0)
    for _ in range(SIDE // 16 * SIDE // (16 if parity is None else 32)):
        bits.ue(25).aligned().raw(bytes([level] * 256 + [128] * 128))
    return bits.nal(_H264_IDR if idr else _H264_SLICE)


def h264_fields(frames: int) -> list[bytes]:
    """One access unit a field; frames rise in brightness, four levels each."""
    units = [h264_field(n // 2, n % 2, 40 + 2 * n) for n in range(2 * frames)]
    return [_h264_parameters() + units[0], *units[1:]]


def h264_paff(coded: str) -> list[bytes]:
    """One access unit a picture, as a broadcast switches: ``f`` a frame in one, ``p`` two fields, ``t`` and
    ``b`` a field alone; brightness rises by three levels a frame."""
    parities: dict[str, tuple[int | None, ...]] = {"f": (None,), "p": (0, 1), "t": (0,), "b": (1,)}
    units = [h264_field(n, parity, 40 + 3 * n) for n, kind in enumerate(coded) for parity in parities[kind]]
    return [_h264_parameters() + units[0], *units[1:]]


def mpeg2_fields(frames: int) -> list[bytes]:
    """One picture a field, intra, grey; the sequence header before each frame."""
    sequence = (
        b"\0\0\1\xb3"
        + _Bits().u(SIDE, 12).u(SIDE, 12).u(1, 4).u(3, 4).u(2000, 18).u(1, 1).u(20, 10).u(0, 3).bytes()
    )
    sequence += b"\0\0\1\xb5" + _Bits().u(1, 4).u(0x48, 8).u(0, 1).u(1, 2).u(0, 16).u(1, 1).u(0, 16).bytes()
    units = []
    for n in range(2 * frames):
        unit = sequence if n % 2 == 0 else b""
        unit += b"\0\0\1\0" + _Bits().u(n // 2 % 1024, 10).u(1, 3).u(0xFFFF, 16).u(0, 1).bytes()
        extension = _Bits().u(8, 4).u(0xFFFF, 16).u(0, 2).u(1 + n % 2, 2)
        unit += b"\0\0\1\xb5" + extension.u(int(n % 2 == 0), 1).u(0, 10).u(0, 1).bytes()
        for row in range(SIDE // 32):
            macroblocks = _Bits().u(2, 5).u(0, 1)
            for _ in range(SIDE // 16):
                macroblocks.u(1, 1).u(1, 1)  # next address, intra
                for block in range(6):
                    macroblocks.u(*((0b100, 3) if block < 4 else (0b00, 2))).u(0b10, 2)  # no change, end
            unit += b"\0\0\1" + bytes([row + 1]) + macroblocks.bytes()
        units.append(unit)
    return units


def write_packets(
    path: Path,
    codec: str,
    packets: Sequence[bytes],
    stamps: Sequence[int],
    time_base: Fraction,
    rate: int = 25,
    size: tuple[int, int] = (SIDE, SIDE),
    keys: Collection[int] = (0,),
) -> Path:
    """Puts packets into a container without an encoder; ``keys``: which can be decoded alone."""
    with av.open(str(path), "w") as container:
        stream = container.add_mux_stream(codec, rate=rate, width=size[0], height=size[1])
        stream.time_base = time_base
        container.start_encoding()
        step = stamps[-1] - stamps[-2]
        for number, (data, stamp) in enumerate(zip(packets, stamps, strict=True)):
            packet = av.Packet(data)
            packet.pts = packet.dts = stamp
            packet.duration, packet.time_base, packet.stream = step, time_base, stream
            packet.is_keyframe = number in keys
            container.mux_one(packet)
    return path


def remuxed(source: Path, path: Path) -> Path:
    """The packets of ``source`` in another container."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        for packet in old.demux(stream):
            if packet.size:
                packet.stream = copy
                new.mux_one(packet)
    return path


def packed_b_frames(path: Path, frames: int, b_frames: int = 1, rate: int = 25) -> Path:
    """MPEG-4 as DivX 5 put it into AVI: a P-frame and the B-frame shown before it share a chunk, and a chunk
    of a few bytes stands where the B-frame was."""
    codec = av.CodecContext.create("mpeg4", "w")
    codec.width, codec.height, codec.pix_fmt = 64, 48, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, rate), rate
    codec.options = {"bf": str(b_frames), "b": "2M", "g": "12"}
    coded: list[bytes] = []
    for number in range(frames):
        picture = np.full((48, 64, 3), 20 + 200 * number // frames, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture).reformat(format="yuv420p")
        frame.pts, frame.time_base = number, codec.time_base
        coded += map(bytes, codec.encode(frame))
    coded += map(bytes, codec.encode(None))
    chunks: list[bytes] = []
    packed = False  # whether the chunk of the latest P-frame holds a B-frame too
    for data in map(_marked_as_packed, coded):
        if _is_b(data) and not packed:
            chunks[-1] += data
            packed = True
            continue
        if packed and not _is_b(data):
            chunks.append(NOT_CODED)
            packed = False
        chunks.append(data)
    if packed:
        chunks.append(NOT_CODED)
    stamps = range(len(chunks))
    keys = {number for number, data in enumerate(chunks) if b"\0\0\1\x20" in data}
    return write_packets(path, "mpeg4", chunks, stamps, Fraction(1, rate), rate, (64, 48), keys)


# A P object that is not coded, where the clock has 17..32 ticks a second: its time takes 5 bits.
NOT_CODED = b"\0\0\1\xb6" + _Bits().u(0b01_0_1, 4).u(3, 5).u(0b10, 2).u(0b01111, 5).bytes()


def _is_b(data: bytes) -> bool:
    return data[data.find(b"\0\0\1\xb6") + 4] >> 6 == 2


def _marked_as_packed(data: bytes) -> bytes:
    """Where there is user data, DivX's: the letter p at its end says that B-frames are packed."""
    at = data.find(b"\0\0\1\xb2")
    if at < 0:
        return data
    return data[:at] + b"\0\0\1\xb2DivX503b1393p" + data[data.find(b"\0\0\1", at + 4) :]
