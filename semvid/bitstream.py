"""Semantic units <-> bytes: the payload of one protected transport block (`semvid.keyframe_payload`: bulk).

Every bit becomes channel symbols at the highest price that there is, so fields are packed as densely as they
can be read: Exponential-Golomb codes (ITU-T H.264, clause 9.1) whose order fits the field, one bit where
something is as usual.

    units less one, golomb 0 | kind, 3 bits | its fields | kind | its fields ... | padding to a byte

Eight kinds take all three bits. Those after them begin as a sound header whose codec has the last of four
numbers, which no codec has; how many kinds lie between follows in unary.

What `unpack` returns has passed every invariant of `semvid.semantics`, and nothing that it was given goes
unlooked-at.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

from semvid import header_bits, text
from semvid.answers import Answered, Outcome, TaskAnswer, TaskHeader
from semvid.bits import BitReader, BitWriter, golomb_length, signed, unsigned
from semvid.errors import InvalidInput, MalformedUnits
from semvid.faces.units import MAX_MOMENTS, NUMBERS, POINTS, FaceMotion, FaceShape
from semvid.semantics import (
    AnalogueKeyframe,
    Caption,
    Opening,
    SideUnit,
    SoundCodec,
    SoundHeader,
    StreamEnd,
    StreamHeader,
    Timing,
)
from semvid.semantics.segments import MAX_TIMING_FRAMES

MAX_UNITS: Final = 256  # in one transport block
_KIND_BITS, _CHOICE_BITS, _MOTION_BITS, _SURE_BITS, _STEP_ORDER_BITS = 3, 2, 8, 7, 4
_NUMBER_ORDER, _SPAN_ORDER, _FRAME_ORDER, _COUNT_ORDER, _LENGTH_ORDER = 3, 1, 6, 3, 4
_HOLD_ORDER, _PACKET_ORDER, _RATE_ORDER, _ANSWER_ORDER, _SIDE_ORDER = 10, 6, 10, 1, 6
_STEP_ORDERS: Final = range(0, 2 << _STEP_ORDER_BITS, 2)
_SOUNDS: Final = (SoundCodec.OPUS, SoundCodec.CODEC2, SoundCodec.TEXT)
_OUTCOMES: Final = (Outcome.ANSWERED, Outcome.OUTSIDE, Outcome.GONE, Outcome.FAILED)
_SOUND, _NINTH, _NO_CODEC = 1, 8, (1 << _CHOICE_BITS) - 1
_ORDER_BITS, _PLACE_ORDER, _ROLL_ORDER, _EVERY_ORDER = 3, 6, 3, 1  # of faces
_USUAL_PACKET_MS: Final = 20
_SURE_STEPS: Final = 100


def pack(units: Sequence[SideUnit]) -> bytes:
    """Serialises ``units`` in the order of their kinds; the same units always give the same bytes.

    Raises:
        InvalidInput: more than `MAX_UNITS` units.
    """
    if len(units) > MAX_UNITS:
        raise InvalidInput(f"a transport block holds at most {MAX_UNITS} units, got {len(units)}")
    bits = BitWriter()
    if units:
        bits.golomb(len(units) - 1, 0)
    for unit in sorted(units, key=_number_of):
        _write(bits, unit)
    return bits.to_bytes()


def bits_of(unit: SideUnit) -> int:
    """What ``unit`` takes among others."""
    bits = BitWriter()
    _write(bits, unit)
    return len(bits)


def unpack(payload: bytes) -> list[SideUnit]:
    """Parses what `pack` made.

    Raises:
        MalformedUnits: bytes that are not the serialisation of valid units, too many of them, or several
            of which there can be one.
    """
    try:
        return _read(BitReader(payload, "the units")) if payload else []
    except InvalidInput as error:
        raise MalformedUnits(f"{len(payload)} bytes are not semantic units: {error}") from error


def _read(bits: BitReader) -> list[SideUnit]:
    count = bits.golomb(0) + 1
    if count > MAX_UNITS:
        raise MalformedUnits(f"{count} units in one transport block, at most {MAX_UNITS} are allowed")
    units = [_KINDS[bits.fixed(_KIND_BITS)][2](bits) for _ in range(count)]
    if bits.rest():
        raise MalformedUnits("bytes follow the units")
    for once in (StreamHeader, SoundHeader, TaskHeader, StreamEnd, AnalogueKeyframe):
        if sum(isinstance(unit, once) for unit in units) > 1:
            raise MalformedUnits(f"more than one {once.__name__} in one transport block")
    return units


def _write(bits: BitWriter, unit: SideUnit) -> None:
    number = _number_of(unit)
    bits.fixed(number if number < _NINTH else _SOUND, _KIND_BITS)
    if number >= _NINTH:
        bits.fixed(_NO_CODEC, _CHOICE_BITS)
        _write_unary(bits, number - _NINTH)
    _KINDS[number][1](bits, unit)


def _number_of(unit: SideUnit) -> int:
    return next(number for number, (kind, _, _) in enumerate(_KINDS) if isinstance(unit, kind))


def _write_opening(bits: BitWriter, unit: Opening) -> None:
    bits.golomb(unit.number, _NUMBER_ORDER)
    bits.golomb(unit.frame - unit.number, _FRAME_ORDER)
    bits.fixed(unit.shot_start, 1)


def _read_opening(bits: BitReader) -> Opening:
    number = bits.golomb(_NUMBER_ORDER)
    return Opening(number, number + bits.golomb(_FRAME_ORDER), bool(bits.fixed(1)))


def _write_caption(bits: BitWriter, unit: Caption) -> None:
    bits.golomb(unit.first, _NUMBER_ORDER)
    bits.golomb(unit.last - unit.first, _SPAN_ORDER)
    bits.fixed(unit.motion, _MOTION_BITS)
    _write_text(bits, unit.text)


def _read_caption(bits: BitReader) -> Caption:
    first = bits.golomb(_NUMBER_ORDER)
    last, motion = first + bits.golomb(_SPAN_ORDER), bits.fixed(_MOTION_BITS)
    return Caption(first, last, _read_text(bits), motion)


def _write_timing(bits: BitWriter, unit: Timing) -> None:
    bits.golomb(unit.first_frame, _FRAME_ORDER)
    bits.golomb(len(unit.offsets) - 1, _COUNT_ORDER)
    steps = [unsigned(later - earlier) for earlier, later in pairwise((0, *unit.offsets))]
    order = min(_STEP_ORDERS, key=lambda order: sum(golomb_length(step, order) for step in steps))
    bits.fixed(order // 2, _STEP_ORDER_BITS)
    for step in steps:
        bits.golomb(step, order)


def _read_timing(bits: BitReader) -> Timing:
    first, count = bits.golomb(_FRAME_ORDER), bits.golomb(_COUNT_ORDER) + 1
    if count > MAX_TIMING_FRAMES:
        raise MalformedUnits(f"time stamps of {count} frames in one unit, at most {MAX_TIMING_FRAMES}")
    order = 2 * bits.fixed(_STEP_ORDER_BITS)
    return Timing(first, tuple(accumulate(signed(bits.golomb(order)) for _ in range(count))))


def _write_end(bits: BitWriter, unit: StreamEnd) -> None:
    bits.golomb(unit.frames - 1, _FRAME_ORDER)
    bits.golomb(unit.keyframes - 1, _NUMBER_ORDER)
    bits.fixed(unit.hold is not None, 1)
    if unit.hold is not None:
        bits.golomb(unit.hold - 1, _HOLD_ORDER)


def _read_end(bits: BitReader) -> StreamEnd:
    frames, keyframes = bits.golomb(_FRAME_ORDER) + 1, bits.golomb(_NUMBER_ORDER) + 1
    return StreamEnd(frames, keyframes, bits.golomb(_HOLD_ORDER) + 1 if bits.fixed(1) else None)


def _write_sound(bits: BitWriter, unit: SoundHeader) -> None:
    bits.fixed(_SOUNDS.index(unit.codec), _CHOICE_BITS)
    bits.fixed(unit.packet_ms != _USUAL_PACKET_MS, 1)
    if unit.packet_ms != _USUAL_PACKET_MS:
        bits.golomb(unit.packet_ms - 1, _PACKET_ORDER)
    bits.fixed(unit.channels - 1, 1)
    bits.fixed(unit.bit_rate > 0, 1)
    if unit.bit_rate:
        bits.golomb(unit.bit_rate - 1, _RATE_ORDER)


def _read_sound(bits: BitReader) -> SideUnit:
    codec = bits.fixed(_CHOICE_BITS)
    if codec == _NO_CODEC:
        return _KINDS[_NINTH + _read_unary(bits)][2](bits)
    packet_ms = bits.golomb(_PACKET_ORDER) + 1 if bits.fixed(1) else _USUAL_PACKET_MS
    channels = 1 + bits.fixed(1)
    return SoundHeader(
        _SOUNDS[codec], packet_ms, channels, bits.golomb(_RATE_ORDER) + 1 if bits.fixed(1) else 0
    )


def _write_analogue(bits: BitWriter, unit: AnalogueKeyframe) -> None:
    bits.golomb(unit.number, _NUMBER_ORDER)
    bits.golomb(unit.frame - unit.number, _FRAME_ORDER)
    bits.fixed(unit.shot_start, 1)
    bits.golomb(len(unit.side), _SIDE_ORDER)
    bits.string(unit.side)


def _read_analogue(bits: BitReader) -> AnalogueKeyframe:
    number = bits.golomb(_NUMBER_ORDER)
    frame, shot_start = number + bits.golomb(_FRAME_ORDER), bool(bits.fixed(1))
    return AnalogueKeyframe(number, frame, bits.string(bits.golomb(_SIDE_ORDER)), shot_start)


def _write_face(bits: BitWriter, unit: FaceShape) -> None:
    bits.golomb(unit.number, _NUMBER_ORDER)
    bits.golomb(unsigned(unit.x), _PLACE_ORDER)
    bits.golomb(unsigned(unit.y), _PLACE_ORDER)
    bits.golomb(unit.size - 1, _PLACE_ORDER)
    bits.golomb(unsigned(unit.roll), _ROLL_ORDER)
    _write_numbers(bits, [number for point in unit.points for number in point])


def _read_face(bits: BitReader) -> FaceShape:
    number = bits.golomb(_NUMBER_ORDER)
    x, y = signed(bits.golomb(_PLACE_ORDER)), signed(bits.golomb(_PLACE_ORDER))
    size, roll = bits.golomb(_PLACE_ORDER) + 1, signed(bits.golomb(_ROLL_ORDER))
    numbers = iter(_read_numbers(bits, 2 * POINTS))
    return FaceShape(number, x, y, size, roll, tuple(zip(numbers, numbers, strict=True)))


def _write_motion(bits: BitWriter, unit: FaceMotion) -> None:
    bits.golomb(unit.number, _NUMBER_ORDER)
    bits.golomb(unit.first - 1, _FRAME_ORDER)
    bits.golomb(unit.every - 1, _EVERY_ORDER)
    bits.golomb(len(unit.moments) - 1, _COUNT_ORDER)
    for column in zip(*unit.moments, strict=True):
        _write_numbers(bits, [later - earlier for earlier, later in pairwise((0, *column))])


def _read_motion(bits: BitReader) -> FaceMotion:
    number, first = bits.golomb(_NUMBER_ORDER), bits.golomb(_FRAME_ORDER) + 1
    every, count = bits.golomb(_EVERY_ORDER) + 1, bits.golomb(_COUNT_ORDER) + 1
    if count > MAX_MOMENTS:
        raise MalformedUnits(f"{count} moments of a face in one unit, at most {MAX_MOMENTS}")
    columns = [accumulate(_read_numbers(bits, count)) for _ in range(NUMBERS)]
    return FaceMotion(number, first, every, tuple(zip(*columns, strict=True)))


def _write_numbers(bits: BitWriter, numbers: Sequence[int]) -> None:
    """Numbers around 0, all with the order of code that fits them best, which is said first."""
    coded = [unsigned(number) for number in numbers]
    orders = range(1 << _ORDER_BITS)
    order = min(orders, key=lambda one: sum(golomb_length(number, one) for number in coded))
    bits.fixed(order, _ORDER_BITS)
    for number in coded:
        bits.golomb(number, order)


def _read_numbers(bits: BitReader, count: int) -> list[int]:
    order = bits.fixed(_ORDER_BITS)
    return [signed(bits.golomb(order)) for _ in range(count)]


def _write_unary(bits: BitWriter, value: int) -> None:
    last = len(_KINDS) - 1 - _NINTH
    bits.fixed((1 << value) - 1 << (value < last), value + (value < last))


def _read_unary(bits: BitReader) -> int:
    last, value = len(_KINDS) - 1 - _NINTH, 0
    while value < last and bits.fixed(1):
        value += 1
    return value


def _write_task(bits: BitWriter, unit: TaskHeader) -> None:
    bits.golomb(unit.answers - 1, _ANSWER_ORDER)


def _read_task(bits: BitReader) -> TaskHeader:
    return TaskHeader(bits.golomb(_ANSWER_ORDER) + 1)


def _write_answer(bits: BitWriter, unit: TaskAnswer) -> None:
    answered = unit.answered
    bits.golomb(unit.number, _ANSWER_ORDER)
    bits.fixed(_OUTCOMES.index(answered.outcome), _CHOICE_BITS)
    bits.fixed(answered.sure is not None, 1)
    if answered.sure is not None:
        bits.fixed(round(_SURE_STEPS * answered.sure), _SURE_BITS)
    if answered.outcome is Outcome.ANSWERED:
        _write_text(bits, answered.text)


def _read_answer(bits: BitReader) -> TaskAnswer:
    number, outcome = bits.golomb(_ANSWER_ORDER), _OUTCOMES[bits.fixed(_CHOICE_BITS)]
    sure = bits.fixed(_SURE_BITS) / _SURE_STEPS if bits.fixed(1) else None
    words = _read_text(bits) if outcome is Outcome.ANSWERED else ""
    return TaskAnswer(number, Answered(words, sure, outcome))


def _write_text(bits: BitWriter, words: str) -> None:
    coded = text.compress(words)
    bits.golomb(len(coded), _LENGTH_ORDER)
    bits.string(coded)


def _read_text(bits: BitReader) -> str:
    return text.expand(bits.string(bits.golomb(_LENGTH_ORDER)))


_Kind = tuple[type[Any], Callable[[BitWriter, Any], None], Callable[[BitReader], SideUnit]]
_KINDS: Final[tuple[_Kind, ...]] = (
    (StreamHeader, header_bits.write, header_bits.read),
    (SoundHeader, _write_sound, _read_sound),
    (TaskHeader, _write_task, _read_task),
    (Opening, _write_opening, _read_opening),
    (Caption, _write_caption, _read_caption),
    (Timing, _write_timing, _read_timing),
    (StreamEnd, _write_end, _read_end),
    (TaskAnswer, _write_answer, _read_answer),
    (AnalogueKeyframe, _write_analogue, _read_analogue),
    (FaceMotion, _write_motion, _read_motion),
    (FaceShape, _write_face, _read_face),
)
"""By number: the unit, and how its fields are written and read."""
