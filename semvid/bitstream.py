"""Semantic units <-> bytes: the payload of one protected transport block (`semvid.keyframe_payload`: bulk).

Protocol Buffers carry the fields; this module is strict where they are lenient. What `unpack` returns has
passed every invariant of `semvid.semantics`, and nothing that it was given goes unlooked-at.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from semvid import text, usual
from semvid.answers import Answered, Outcome, TaskAnswer, TaskHeader
from semvid.errors import InvalidInput, MalformedUnits
from semvid.profile import Given
from semvid.semantics import (
    Caption,
    Opening,
    PictureCoding,
    SideUnit,
    SoundCodec,
    SoundHeader,
    StreamEnd,
    StreamHeader,
    Timing,
)
from semvid.wire.v1 import semantics_pb2 as pb

MAX_UNITS = 256  # in one transport block
_NEAREST = Fraction(1, 2)
_NTSC = Fraction(1000, 1001)
_SCALE_CODES_FROM = 8
_ASPECT_CODES_FROM = 128
_CODING_TO_WIRE = {
    PictureCoding.PYRAMID: pb.PICTURE_CODING_UNSPECIFIED,
    PictureCoding.LOW_DELAY: pb.PICTURE_CODING_LOW_DELAY,
    PictureCoding.INTRA: pb.PICTURE_CODING_INTRA,
}
_CODING_FROM_WIRE = {
    **{wire: coding for coding, wire in _CODING_TO_WIRE.items()},
    pb.PICTURE_CODING_PYRAMID: PictureCoding.PYRAMID,
}
_SOUND_TO_WIRE = {
    SoundCodec.OPUS: pb.SOUND_CODEC_UNSPECIFIED,
    SoundCodec.CODEC2: pb.SOUND_CODEC_CODEC2,
    SoundCodec.TEXT: pb.SOUND_CODEC_TEXT,
}
_SOUND_FROM_WIRE = {
    **{wire: codec for codec, wire in _SOUND_TO_WIRE.items()},
    pb.SOUND_CODEC_OPUS: SoundCodec.OPUS,
}
_OUTCOME_TO_WIRE = {
    Outcome.ANSWERED: pb.TASK_OUTCOME_UNSPECIFIED,
    Outcome.OUTSIDE: pb.TASK_OUTCOME_OUTSIDE,
    Outcome.GONE: pb.TASK_OUTCOME_GONE,
    Outcome.FAILED: pb.TASK_OUTCOME_FAILED,
}
_OUTCOME_FROM_WIRE = {wire: outcome for outcome, wire in _OUTCOME_TO_WIRE.items()}
_SURE_STEPS = 100
_USUAL_PACKET_MS = 20
_GIVEN_TO_WIRE = {
    Given.BOTH_ENDS: pb.GIVEN_UNSPECIFIED,
    Given.FIRST_FRAME: pb.GIVEN_FIRST_FRAME,
    Given.NOTHING: pb.GIVEN_NOTHING,
}
_GIVEN_FROM_WIRE = {
    **{wire: given for given, wire in _GIVEN_TO_WIRE.items()},
    pb.GIVEN_BOTH_ENDS: Given.BOTH_ENDS,
}


def pack(units: Sequence[SideUnit]) -> bytes:
    """Serialises ``units``; the same units always give the same bytes.

    Raises:
        InvalidInput: more than `MAX_UNITS` units.
    """
    if len(units) > MAX_UNITS:
        raise InvalidInput(f"a transport block holds at most {MAX_UNITS} units, got {len(units)}")
    message = pb.SemanticUnits()
    for unit in units:
        match unit:
            case StreamHeader():
                message.headers.append(_header_to_wire(unit))
            case Opening(number, frame, shot_start):
                message.openings.add(number=number, frame=frame, shot_start=shot_start)
            case Caption(first, last, sentence, motion):
                coded = text.compress(sentence)
                message.captions.add(first=first, span=last - first, text=coded, motion=motion)
            case Timing(first_frame, offsets):
                steps = [later - earlier for earlier, later in pairwise((0, *offsets))]
                message.timings.add(first_frame=first_frame, steps=steps)
            case StreamEnd(frames, keyframes, hold):
                message.ends.add(frames=frames, keyframes=keyframes, hold=hold or 0)
            case SoundHeader():
                message.sounds.append(_sound_to_wire(unit))
            case TaskHeader(answers):
                message.tasks.add(answers=_zero_for_one(answers))
            case TaskAnswer(number, answered):
                message.answers.append(_answer_to_wire(number, answered))
    return message.SerializeToString(deterministic=True)


def unpack(payload: bytes) -> list[SideUnit]:
    """Parses what `pack` made.

    Returns:
        The units, grouped by type in the order headers, openings, captions, timings, end, answers.

    Raises:
        MalformedUnits: bytes that are not the serialisation of valid units, unknown fields, too many units.
    """
    message = pb.SemanticUnits()
    try:
        message.ParseFromString(payload)
    except DecodeError as error:
        raise MalformedUnits(f"{len(payload)} bytes are not semantic units: {error}") from error
    m = message
    units = [*m.headers, *m.sounds, *m.tasks, *m.openings, *m.captions, *m.timings, *m.ends, *m.answers]
    if len(units) > MAX_UNITS:
        raise MalformedUnits(f"{len(units)} units in one transport block, at most {MAX_UNITS} are allowed")
    if max(len(message.headers), len(message.sounds), len(message.tasks), len(message.ends)) > 1:
        raise MalformedUnits(
            "more than one stream header, sound header, task header or stream end in one transport block"
        )
    for part in (message, *units):
        unknown = UnknownFieldSet(part)
        if len(unknown):
            raise MalformedUnits(f"{type(part).__name__} has the unknown field {unknown[0].field_number}")
    try:
        return [
            *map(_header_from_wire, message.headers),
            *map(_sound_from_wire, message.sounds),
            *(TaskHeader(t.answers or 1) for t in message.tasks),
            *(Opening(o.number, o.frame, o.shot_start) for o in message.openings),
            *(Caption(c.first, c.first + c.span, text.expand(c.text), c.motion) for c in message.captions),
            *(Timing(t.first_frame, tuple(accumulate(t.steps))) for t in message.timings),
            *(StreamEnd(e.frames, e.keyframes, e.hold or None) for e in message.ends),
            *map(_answer_from_wire, message.answers),
        ]
    except MalformedUnits:
        raise
    except InvalidInput as error:
        raise MalformedUnits(f"a unit with impossible fields: {error}") from error


def _header_to_wire(header: StreamHeader) -> pb.StreamHeader:
    rate, base = header.frame_rate, header.time_base
    size, coded = (header.width, header.height), (header.coded_width, header.coded_height)
    base_code, scale_code = usual.time_base_code(base, rate), usual.scale_code(size, coded)
    aspect, aspect_code = header.pixel_aspect, usual.aspect_code(header.pixel_aspect)
    plain_aspect = aspect_code or aspect == 1
    ntsc_rate = rate / _NTSC
    is_ntsc = ntsc_rate.denominator == 1
    return pb.StreamHeader(
        width=header.width,
        height=header.height,
        coded_width=0 if scale_code else header.coded_width,
        coded_height=0 if scale_code else header.coded_height,
        time_base_numerator=0 if base_code else _zero_for_one(base.numerator),
        time_base_denominator=0 if base_code else base.denominator,
        frame_rate_numerator=0 if is_ntsc else rate.numerator,
        frame_rate_denominator=0 if is_ntsc else _zero_for_one(rate.denominator),
        coding=_CODING_TO_WIRE[header.coding],
        seed=header.seed,
        phase_plus_one=0 if header.phase == _NEAREST else int(256 * header.phase) + 1,
        given=_GIVEN_TO_WIRE[header.given],
        detail=header.detail,
        restoration=header.restoration,
        usual=base_code + _SCALE_CODES_FROM * scale_code + _ASPECT_CODES_FROM * aspect_code,
        ntsc_rate=ntsc_rate.numerator if is_ntsc else 0,
        aspect_width=0 if plain_aspect else aspect.numerator,
        aspect_height=0 if plain_aspect else _zero_for_one(aspect.denominator),
    )


def _header_from_wire(header: pb.StreamHeader) -> StreamHeader:
    if header.coding not in _CODING_FROM_WIRE:
        raise MalformedUnits(f"unknown picture coding {header.coding}")
    if header.given not in _GIVEN_FROM_WIRE:
        raise MalformedUnits(f"segments drawn from something unknown, {header.given}")
    if bool(header.frame_rate_numerator) == bool(header.ntsc_rate):
        raise MalformedUnits("a stream header with no frame rate, or with two")
    if header.ntsc_rate:
        rate = header.ntsc_rate * _NTSC
    else:
        rate = Fraction(header.frame_rate_numerator, header.frame_rate_denominator or 1)
    aspect_code, other_codes = divmod(header.usual, _ASPECT_CODES_FROM)
    scale_code, base_code = divmod(other_codes, _SCALE_CODES_FROM)
    base = usual.time_base_of(base_code, rate)
    coded = usual.coded_size(scale_code, (header.width, header.height))
    if header.time_base_denominator and base is None:
        base = Fraction(header.time_base_numerator or 1, header.time_base_denominator)
    if header.coded_width and coded is None:
        coded = (header.coded_width, header.coded_height)
    said_in_full = bool(header.time_base_denominator), bool(header.coded_width)
    if base is None or coded is None or said_in_full != (base_code == 0, scale_code == 0):
        raise MalformedUnits("a stream header must say time base and size of coded pictures, each once")
    return StreamHeader(
        width=header.width,
        height=header.height,
        coded_width=coded[0],
        coded_height=coded[1],
        time_base=base,
        frame_rate=rate,
        coding=_CODING_FROM_WIRE[header.coding],
        seed=header.seed,
        phase=Fraction(header.phase_plus_one - 1, 256) if header.phase_plus_one else _NEAREST,
        given=_GIVEN_FROM_WIRE[header.given],
        detail=header.detail,
        restoration=header.restoration,
        pixel_aspect=_aspect_from_wire(header, aspect_code),
    )


def _aspect_from_wire(header: pb.StreamHeader, code: int) -> Fraction:
    said_in_full = bool(header.aspect_width or header.aspect_height)
    aspect = usual.aspect_of(code)
    if (code and aspect is None) or (code and said_in_full):
        raise MalformedUnits(f"the shape of pixels is said twice, or has the unknown number {code}")
    if not said_in_full:
        return aspect or Fraction(1)
    return Fraction(header.aspect_width, header.aspect_height or 1)


def _sound_to_wire(header: SoundHeader) -> pb.SoundHeader:
    return pb.SoundHeader(
        codec=_SOUND_TO_WIRE[header.codec],
        packet_ms=0 if header.packet_ms == _USUAL_PACKET_MS else header.packet_ms,
        stereo=header.channels == 2,
        bit_rate=header.bit_rate,
    )


def _sound_from_wire(header: pb.SoundHeader) -> SoundHeader:
    if header.codec not in _SOUND_FROM_WIRE:
        raise MalformedUnits(f"unknown sound codec {header.codec}")
    return SoundHeader(
        codec=_SOUND_FROM_WIRE[header.codec],
        packet_ms=header.packet_ms or _USUAL_PACKET_MS,
        channels=1 + header.stereo,
        bit_rate=header.bit_rate,
    )


def _answer_to_wire(number: int, answered: Answered) -> pb.TaskAnswer:
    return pb.TaskAnswer(
        number=number,
        text=text.compress(answered.text) if answered.text else b"",
        sure_plus_one=0 if answered.sure is None else round(_SURE_STEPS * answered.sure) + 1,
        outcome=_OUTCOME_TO_WIRE[answered.outcome],
    )


def _answer_from_wire(answer: pb.TaskAnswer) -> TaskAnswer:
    if answer.outcome not in _OUTCOME_FROM_WIRE:
        raise MalformedUnits(f"unknown outcome of a question, {answer.outcome}")
    sure = (answer.sure_plus_one - 1) / _SURE_STEPS if answer.sure_plus_one else None
    words = text.expand(answer.text) if answer.text else ""
    return TaskAnswer(answer.number, Answered(words, sure, _OUTCOME_FROM_WIRE[answer.outcome]))


def _zero_for_one(value: int) -> int:
    """Fields whose usual value is 1 go as 0, which Protocol Buffers do not send."""
    return 0 if value == 1 else value
