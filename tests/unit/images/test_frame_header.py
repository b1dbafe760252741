"""Heads of AV1 frames: as the specification writes them, as FFmpeg reads them, cut short, and not ours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import av
import av.logging
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import MalformedUnits
from semvid.images import obu
from semvid.images.frame_header import FrameHeader, SequenceHeader
from semvid.images.keyframe_codec import MOST_HELD, KeyframeEncoder
from semvid.semantics import ALL_SLOTS, PictureCoding

KEY, INTER, INTRA_ONLY, SWITCH = range(4)
OURS = SequenceHeader(
    order_hint_bits=7,
    screen_content_choice=True,
    integer_mv_choice=True,
    integer_mv=False,
    width=48,
    height=48,
    superblock=64,
    motion_choice=True,
    superres_choice=False,
)


def to_bytes(*fields: tuple[int, int]) -> bytes:
    """Fields as (value, bits), padded with zeros."""
    bits = "".join(f"{value:0{count}b}" for value, count in fields if count)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


@dataclass(frozen=True)
class Sequence:
    """What a sequence header says, in the words of clause 5.5 of the AV1 specification."""

    reduced_still_picture_header: int = 0
    timing_info_present_flag: int = 0
    initial_display_delay_present_flag: int = 0
    levels: tuple[int, ...] = (0,)  # of each operating point
    side_bits: tuple[int, int] = (6, 6)
    use_128x128_superblock: int = 0
    enable_ref_frame_mvs: int = 1
    seq_force_integer_mv: int = 1
    enable_superres: int = 0
    frame_id_numbers_present_flag: int = 0
    order_hint_bits: int = 7
    seq_choose_screen_content_tools: int = 1
    seq_force_screen_content_tools: int = 0
    seq_choose_integer_mv: int = 1

    def fields(self) -> list[tuple[int, int]]:
        screen = self.seq_choose_screen_content_tools or self.seq_force_screen_content_tools
        points = [field for level in self.levels for field in ((0, 12), (level, 5), (0, int(level > 7)))]
        return [
            (0, 3), (0, 1), (self.reduced_still_picture_header, 1),
            (self.timing_info_present_flag, 1), (self.initial_display_delay_present_flag, 1),
            (len(self.levels) - 1, 5), *points,
            *((bits - 1, 4) for bits in self.side_bits), *((47, bits) for bits in self.side_bits),
            (self.frame_id_numbers_present_flag, 1),
            (self.use_128x128_superblock, 1), (1, 2), (9, 4), (int(self.order_hint_bits > 0), 1),
            *([(1, 1), (self.enable_ref_frame_mvs, 1)] if self.order_hint_bits else []),
            (self.seq_choose_screen_content_tools, 1),
            (self.seq_force_screen_content_tools, 1 - self.seq_choose_screen_content_tools),
            (self.seq_choose_integer_mv, int(screen)),
            (self.seq_force_integer_mv, int(screen and not self.seq_choose_integer_mv)),
            (self.order_hint_bits - 1, 3) if self.order_hint_bits else (0, 0),
            (self.enable_superres, 1),
            (0x155, 9),  # what follows is not looked at
        ]  # fmt: skip


sequences = st.builds(
    Sequence,
    levels=st.lists(st.integers(0, 31), min_size=1, max_size=32).map(tuple),
    side_bits=st.tuples(st.integers(6, 16), st.integers(6, 16)),
    order_hint_bits=st.integers(0, 8),
    use_128x128_superblock=st.integers(0, 1),
    enable_ref_frame_mvs=st.integers(0, 1),
    seq_force_integer_mv=st.integers(0, 1),
    enable_superres=st.integers(0, 1),
    seq_choose_screen_content_tools=st.integers(0, 1),
    seq_choose_integer_mv=st.integers(0, 1),
)


@given(sequences)
def test_a_sequence_header_says_how_frame_headers_read(said: Sequence) -> None:
    screen = bool(said.seq_choose_screen_content_tools)
    chosen = screen and bool(said.seq_choose_integer_mv)
    expected = SequenceHeader(
        said.order_hint_bits,
        screen,
        chosen,
        screen and not chosen and bool(said.seq_force_integer_mv),
        48,
        48,
        128 if said.use_128x128_superblock else 64,
        said.order_hint_bits > 0 and bool(said.enable_ref_frame_mvs),
        bool(said.enable_superres),
    )
    assert SequenceHeader.parse(to_bytes(*said.fields())) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reduced_still_picture_header": 1}, "still picture"),
        ({"timing_info_present_flag": 1}, "timing information"),
        ({"initial_display_delay_present_flag": 1}, "timing information"),
        ({"frame_id_numbers_present_flag": 1}, "frame numbers"),
        (
            {"seq_choose_screen_content_tools": 0, "seq_force_screen_content_tools": 1},
            "forces tools for screen content",
        ),
    ],
)
def test_sequences_that_our_encoder_never_makes_are_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(MalformedUnits, match=message):
        SequenceHeader.parse(to_bytes(*replace(Sequence(), **change).fields()))


@dataclass(frozen=True)
class Frame:
    """What a frame header says, in the words of clause 5.9.2."""

    frame_type: int = INTER
    show_frame: int = 1
    showable_frame: int = 1
    error_resilient_mode: int = 0
    disable_cdf_update: int = 0
    allow_screen_content_tools: int = 0
    frame_size_override_flag: int = 0
    order_hint: int = 0
    refresh_frame_flags: int = 0
    frame_refs_short_signaling: int = 0
    ref_frame_idx: tuple[int, ...] = (0,) * 7
    force_integer_mv: int = 1
    use_superres: int = 0
    render_and_frame_size_different: int = 0
    is_filter_switchable: int = 0
    uniform_tile_spacing_flag: int = 1
    tile_splits: tuple[int, int] = (0, 0)  # columns, rows: times that their number is doubled
    base_q_idx: int = 0

    def fields(self, sequence: SequenceHeader) -> list[tuple[int, int]]:
        hint, screen = sequence.order_hint_bits, sequence.screen_content_choice
        starts = self.frame_type == KEY and self.show_frame
        resilient = starts or self.frame_type == SWITCH or self.error_resilient_mode
        intra = self.frame_type in (KEY, INTRA_ONLY)
        tools = screen and self.allow_screen_content_tools
        says = tools and sequence.integer_mv_choice
        integer_mv = tools and (self.force_integer_mv if sequence.integer_mv_choice else sequence.integer_mv)
        fields = [
            (0, 1), (self.frame_type, 2), (self.show_frame, 1),
            (self.showable_frame, 1 - self.show_frame),
            (self.error_resilient_mode, 0 if starts or self.frame_type == SWITCH else 1),
            (self.disable_cdf_update, 1), (self.allow_screen_content_tools, int(screen)),
            (self.force_integer_mv, int(says)),
            (self.frame_size_override_flag, int(self.frame_type != SWITCH)),
            (self.order_hint, hint), (5, 0 if intra or resilient else 3),
            (self.refresh_frame_flags, 0 if starts or self.frame_type == SWITCH else 8),
        ]  # fmt: skip
        if resilient and not starts and not (intra and self.refresh_frame_flags == ALL_SLOTS):
            fields += [(1, hint)] * 8
        if not intra:
            fields += [(self.frame_refs_short_signaling, int(hint > 0))]
            fields += [(slot, 3) for slot in self.ref_frame_idx]
        fields += [(self.use_superres, int(sequence.superres_choice))]
        fields += [(self.render_and_frame_size_different, 1)]
        fields += [(77, 32)] if self.render_and_frame_size_different else []
        if intra:
            fields += [(1, int(tools))]  # allow_intrabc
        else:
            fields += [(1, int(not integer_mv)), (self.is_filter_switchable, 1)]
            fields += [] if self.is_filter_switchable else [(2, 2)]
            fields += [(1, 1), (1, int(sequence.motion_choice and not resilient))]
        fields += [(1, int(not self.disable_cdf_update)), (self.uniform_tile_spacing_flag, 1)]
        sides = (sequence.width, sequence.height)
        for splits, side in zip(self.tile_splits, sides, strict=True):
            most = (min(64, -(-side // sequence.superblock)) - 1).bit_length()
            fields += [(1, 1)] * splits + [(0, int(splits < most))]
        fields += [(2, sum(self.tile_splits) + 2 if sum(self.tile_splits) else 0)]
        return [*fields, (self.base_q_idx, 8), (0x2AA, 10)]


@given(
    st.builds(
        SequenceHeader, st.integers(0, 8), st.booleans(), st.booleans(), st.booleans(), st.integers(1, 1000),
        st.integers(1, 1000), st.sampled_from([64, 128]), st.booleans(), st.booleans(),
    ).filter(lambda s: s.screen_content_choice >= s.integer_mv_choice + s.integer_mv)
    .filter(lambda s: s.order_hint_bits or not s.motion_choice),
    st.builds(
        Frame,
        frame_type=st.sampled_from([KEY, INTER, INTRA_ONLY]),
        show_frame=st.integers(0, 1),
        error_resilient_mode=st.integers(0, 1),
        allow_screen_content_tools=st.integers(0, 1),
        order_hint=st.integers(0, 255),
        refresh_frame_flags=st.integers(0, 255),
        ref_frame_idx=st.tuples(*[st.integers(0, 7)] * 7),
        disable_cdf_update=st.integers(0, 1),
        force_integer_mv=st.integers(0, 1),
        render_and_frame_size_different=st.integers(0, 1),
        is_filter_switchable=st.integers(0, 1),
        base_q_idx=st.integers(0, 255),
    ),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
)  # fmt: skip
def test_a_frame_header_says_what_it_leans_on_and_where_it_is_kept(
    sequence: SequenceHeader, said: Frame, splits: tuple[int, int]
) -> None:
    sides = (sequence.width, sequence.height)
    most = [(-(-side // sequence.superblock) - 1).bit_length() for side in sides]
    said = replace(
        said,
        order_hint=said.order_hint % (1 << sequence.order_hint_bits),
        tile_splits=(min(splits[0], most[0]), min(splits[1], most[1])),
    )
    starts = said.frame_type == KEY and said.show_frame
    if not said.show_frame and not said.refresh_frame_flags:
        with pytest.raises(MalformedUnits, match="neither shown nor kept"):
            FrameHeader.parse(to_bytes(*said.fields(sequence)), sequence)
        return
    expected = FrameHeader(
        shown=bool(said.show_frame),
        order=said.order_hint,
        leans_on=sum(1 << slot for slot in set(said.ref_frame_idx)) if said.frame_type == INTER else 0,
        kept_in=ALL_SLOTS if starts else said.refresh_frame_flags,
        quantiser=said.base_q_idx,
    )
    assert FrameHeader.parse(to_bytes(*said.fields(sequence)), sequence) == expected


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (Frame(show_frame=0, showable_frame=0, refresh_frame_flags=1), "never be shown"),
        (Frame(frame_type=SWITCH), "another size"),
        (Frame(frame_size_override_flag=1), "another size"),
        (Frame(frame_refs_short_signaling=1), "worked out"),
        (Frame(uniform_tile_spacing_flag=0), "tiles of several sizes"),
    ],
)
def test_frames_that_our_encoder_never_makes_are_refused(said: Frame, message: str) -> None:
    with pytest.raises(MalformedUnits, match=message):
        FrameHeader.parse(to_bytes(*said.fields(OURS)), OURS)


def test_a_call_for_an_earlier_frame_is_none() -> None:
    assert FrameHeader.parse(to_bytes((1, 1), (3, 3), (1, 1)), OURS) is None


def test_headers_that_end_early_are_refused() -> None:
    longest = Sequence(levels=(8,) * 32, side_bits=(16, 16))
    for needed, parse, payload in (
        (645, SequenceHeader.parse, to_bytes(*longest.fields())),
        (65, lambda cut: FrameHeader.parse(cut, OURS), to_bytes(*Frame().fields(OURS))),
    ):
        assert parse(payload) is not None
        assert parse(payload[: -(-needed // 8)]) is not None
        for length in range(-(-needed // 8)):
            with pytest.raises(MalformedUnits, match="ends before its last field"):
                parse(payload[:length])


@given(st.binary(max_size=40), st.booleans(), st.integers(0, 8))
def test_any_bytes_are_a_header_or_refused(payload: bytes, screen: bool, order_hint_bits: int) -> None:
    try:
        sequence = SequenceHeader.parse(payload)
    except MalformedUnits:
        sequence = replace(
            OURS, order_hint_bits=order_hint_bits, screen_content_choice=screen, integer_mv_choice=screen
        )
    assert 0 <= sequence.order_hint_bits <= 8
    try:
        frame = FrameHeader.parse(payload, sequence)
    except MalformedUnits:
        return
    if frame is not None:
        assert 0 <= frame.leans_on <= ALL_SLOTS
        assert 0 <= frame.kept_in <= ALL_SLOTS
        assert frame.shown or frame.kept_in
        assert 0 <= frame.order < 1 << sequence.order_hint_bits


@pytest.mark.parametrize("coding", MOST_HELD)
def test_what_the_encoder_makes_reads_as_what_was_asked_of_it(coding: PictureCoding) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (48, 64, 3), np.uint8)
    encoder = KeyframeEncoder(64, 48, 50, coding, preset=12)
    groups = [group for shift in range(9) for group in encoder.push(np.roll(picture, shift, 1))]
    sequence = None
    heads = []
    for coded in (picture for group in groups + encoder.finish() for picture in group):
        sequence, head = obu.heads(coded.packet, sequence)
        heads.append((coded.number, head))
    assert sequence is not None
    assert sequence.order_hint_bits == 7
    assert sorted(number for number, _ in heads) == list(range(9))
    if coding is PictureCoding.INTRA:
        assert [head for _, head in heads] == [FrameHeader(True, 0, 0, ALL_SLOTS, heads[0][1].quantiser)] * 9
    else:
        assert [head.order for _, head in heads] == [number for number, _ in heads]
    if coding is PictureCoding.PYRAMID:
        hidden = {number for number, head in heads if not head.shown}
        assert hidden == {8, 4, 2, 6}


@pytest.mark.parametrize(
    ("size", "coding", "pictures"),
    [
        ((144, 80), PictureCoding.PYRAMID, 9),
        ((64, 48), PictureCoding.INTRA, 2),
        ((4160, 64), PictureCoding.LOW_DELAY, 2),
    ],
    ids=["a pyramid", "intra", "tiles"],
)
def test_the_quantiser_is_what_ffmpeg_reads(
    tmp_path: Path, size: tuple[int, int], coding: PictureCoding, pictures: int
) -> None:
    width, height = size
    picture = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    encoder = KeyframeEncoder(width, height, 55, coding, preset=13)
    groups = [group for shift in range(pictures) for group in encoder.push(np.roll(picture, shift, 1))]
    packets = [coded.packet for group in groups + encoder.finish() for coded in group]
    sequence, ours = None, []
    for packet in packets:
        sequence, head = obu.heads(packet, sequence)
        ours.append(head.quantiser)
    (tmp_path / "stream.obu").write_bytes(b"".join(map(obu.restore, packets)))
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        with av.open(tmp_path / "stream.obu", format="obu") as container, av.logging.Capture() as lines:
            stream = container.streams.video[0]
            trace = BitStreamFilterContext("trace_headers", stream)
            for packet_read in container.demux(stream):
                trace.filter(packet_read)
    finally:
        av.logging.set_level(level)
    said = [int(text.split("=")[-1]) for _, _, text in lines if "base_q_idx" in text]
    assert len(set(ours)) > 1 or coding is PictureCoding.INTRA
    assert ours == said
