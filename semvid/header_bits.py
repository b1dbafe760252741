"""Stream header <-> bits: what headers usually say takes six bytes (`semvid.usual`)."""

from fractions import Fraction
from typing import Final, TypeVar

from semvid import usual
from semvid.bits import BitReader, BitWriter
from semvid.errors import MalformedUnits
from semvid.profile import Given
from semvid.semantics import HdrColour, HdrTransfer, PictureCoding, StreamHeader
from semvid.semantics.hdr import KNOWN_PRIMARIES
from semvid.semantics.stream import MAX_FINISH

_Choice = TypeVar("_Choice", PictureCoding, Given, HdrTransfer, int)

_NEAREST: Final = Fraction(1, 2)
_NTSC: Final = Fraction(1000, 1001)
_INTEGER_RATE, _NTSC_RATE, _OTHER_RATE = range(3)
_CODINGS: Final = (
    PictureCoding.PYRAMID,
    PictureCoding.LOW_DELAY,
    PictureCoding.INTRA,
    PictureCoding.TOKENS,
    PictureCoding.JSCC,
    PictureCoding.PORTRAIT,
)
_GIVEN: Final = (Given.BOTH_ENDS, Given.FIRST_FRAME, Given.NOTHING)
_HDR: Final = 3  # where `_GIVEN` is expected: what HDR the pictures are comes first, and then that
_TRANSFERS: Final = (HdrTransfer.HLG, HdrTransfer.PQ)
# of Exponential-Golomb codes
_SIDE_ORDER, _RATE_ORDER, _PART_ORDER, _ASPECT_ORDER, _CODING_ORDER, _PRIMARIES_ORDER = 9, 5, 12, 5, 1, 0
_SCALE_BITS, _BASE_BITS, _CHOICE_BITS, _ASPECT_BITS, _PHASE_BITS, _SEED_BITS = 4, 3, 2, 4, 8, 32
_FINISH_BITS: Final = MAX_FINISH.bit_length()


def write(bits: BitWriter, header: StreamHeader) -> None:
    """Appends ``header``."""
    size, coded = (header.width, header.height), (header.coded_width, header.coded_height)
    _write_sides(bits, size)
    scale = usual.scale_code(size, coded)
    bits.fixed(scale, _SCALE_BITS)
    if not scale:
        _write_sides(bits, coded)
    _write_rate(bits, header.frame_rate)
    base = usual.time_base_code(header.time_base, header.frame_rate)
    bits.fixed(base, _BASE_BITS)
    if not base:
        _write_fraction(bits, header.time_base, _PART_ORDER)
    bits.golomb(_CODINGS.index(header.coding), _CODING_ORDER)
    if header.hdr is not None:
        bits.fixed(_HDR, _CHOICE_BITS)
        bits.fixed(_TRANSFERS.index(header.hdr.transfer), 1)
        bits.golomb(KNOWN_PRIMARIES.index(header.hdr.primaries), _PRIMARIES_ORDER)
    bits.fixed(_GIVEN.index(header.given), _CHOICE_BITS)
    _write_unless(bits, header.phase == _NEAREST, int(256 * header.phase), _PHASE_BITS)
    _write_unless(bits, not header.seed, header.seed, _SEED_BITS)
    finish = header.detail or header.restoration
    _write_unless(bits, not finish, 2 * finish + (header.restoration > 0), 1 + _FINISH_BITS)
    aspect = usual.aspect_code(header.pixel_aspect)
    _write_unless(bits, header.pixel_aspect == 1, aspect, _ASPECT_BITS)
    if header.pixel_aspect != 1 and not aspect:
        _write_fraction(bits, header.pixel_aspect, _ASPECT_ORDER)


def read(bits: BitReader) -> StreamHeader:
    """What `write` wrote.

    Raises:
        MalformedUnits: it does not write that.
        InvalidInput: impossible fields, see `StreamHeader`.
    """
    size = _read_sides(bits)
    scale = bits.fixed(_SCALE_BITS)
    coded = usual.coded_size(scale, size) if scale else _read_sides(bits)
    rate = _read_rate(bits)
    base_code = bits.fixed(_BASE_BITS)
    base = usual.time_base_of(base_code, rate) if base_code else _read_fraction(bits, _PART_ORDER)
    if coded is None or base is None:
        raise MalformedUnits(f"a stream header with unknown numbers, size {scale}, time base {base_code}")
    coding = _chosen(bits.golomb(_CODING_ORDER), _CODINGS, "picture coding")
    number, hdr = bits.fixed(_CHOICE_BITS), None
    if number == _HDR:
        hdr, number = _read_hdr(bits), bits.fixed(_CHOICE_BITS)
    given = _chosen(number, _GIVEN, "source of segments")
    phase = Fraction(bits.fixed(_PHASE_BITS), 256) if bits.fixed(1) else _NEAREST
    seed = bits.fixed(_SEED_BITS) if bits.fixed(1) else 0
    finish, restored = divmod(bits.fixed(1 + _FINISH_BITS), 2) if bits.fixed(1) else (0, 0)
    return StreamHeader(
        *size,
        *coded,
        time_base=base,
        frame_rate=rate,
        coding=coding,
        seed=seed,
        phase=phase,
        given=given,
        detail=0 if restored else finish,
        pixel_aspect=_read_aspect(bits),
        restoration=finish if restored else 0,
        hdr=hdr,
    )


def _write_unless(bits: BitWriter, is_usual: bool, value: int, count: int) -> None:
    """One bit where the usual holds, otherwise ``value`` in ``count`` bits after it."""
    bits.fixed(not is_usual, 1)
    bits.fixed(0 if is_usual else value, 0 if is_usual else count)


def _write_sides(bits: BitWriter, sides: tuple[int, int]) -> None:
    for side in sides:
        bits.golomb(side - 1, _SIDE_ORDER)


def _read_sides(bits: BitReader) -> tuple[int, int]:
    return bits.golomb(_SIDE_ORDER) + 1, bits.golomb(_SIDE_ORDER) + 1


def _write_fraction(bits: BitWriter, value: Fraction, order: int) -> None:
    bits.golomb(value.numerator - 1, order)
    bits.golomb(value.denominator - 1, order)


def _read_fraction(bits: BitReader, order: int) -> Fraction:
    return Fraction(bits.golomb(order) + 1, bits.golomb(order) + 1)


def _write_rate(bits: BitWriter, rate: Fraction) -> None:
    ntsc = rate / _NTSC
    kind = _INTEGER_RATE if rate.denominator == 1 else _NTSC_RATE if ntsc.denominator == 1 else _OTHER_RATE
    bits.fixed(kind, _CHOICE_BITS)
    if kind == _OTHER_RATE:
        _write_fraction(bits, rate, _PART_ORDER)
    else:
        bits.golomb((ntsc if kind == _NTSC_RATE else rate).numerator - 1, _RATE_ORDER)


def _read_rate(bits: BitReader) -> Fraction:
    kind = bits.fixed(_CHOICE_BITS)
    if kind == _OTHER_RATE:
        return _read_fraction(bits, _PART_ORDER)
    if kind not in (_INTEGER_RATE, _NTSC_RATE):
        raise MalformedUnits(f"a stream header with a frame rate of the unknown kind {kind}")
    return Fraction(bits.golomb(_RATE_ORDER) + 1) * (_NTSC if kind == _NTSC_RATE else 1)


def _read_aspect(bits: BitReader) -> Fraction:
    if not bits.fixed(1):
        return Fraction(1)
    code = bits.fixed(_ASPECT_BITS)
    return usual.aspect_of(code) or Fraction(1) if code else _read_fraction(bits, _ASPECT_ORDER)


def _read_hdr(bits: BitReader) -> HdrColour:
    transfer = _TRANSFERS[bits.fixed(1)]
    return HdrColour(transfer, _chosen(bits.golomb(_PRIMARIES_ORDER), KNOWN_PRIMARIES, "set of primaries"))


def _chosen(number: int, choices: tuple[_Choice, ...], what: str) -> _Choice:
    if number >= len(choices):
        raise MalformedUnits(f"a stream header with an unknown {what}, {number}")
    return choices[number]
