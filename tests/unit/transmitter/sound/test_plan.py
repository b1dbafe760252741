"""What is chosen, and what it is taken to cost."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from semvid import sound_payload
from semvid.accounting import cbr
from semvid.errors import InvalidInput, MissingComponent, UnsupportedMedia
from semvid.link.blocks import BlockReport
from semvid.link.harq import HarqSender
from semvid.link.packing import sound_blocks
from semvid.options import SoundChoice, TransmissionOptions
from semvid.phy.adaptation import LinkAdapter
from semvid.phy.block import TbState
from semvid.semantics import SoundCodec, SoundPackets
from semvid.sound import sentence
from semvid.sound.track import TrackInfo
from semvid.video.limits import VideoLimits
from semvid.video.orientation import Orientation
from semvid.video.probe import SourceInfo
from semvid.video.scan import StampSource
from semvid.video.writer import VideoWriter
from tests.synthetic_sound import bursts, with_sound
from transmitter.sound.door import track_of
from transmitter.sound.plan import LARGEST_SHARE, OPUS_RATES, TEXT_RATE, SoundPlan, decide

STEREO, MONO = TrackInfo("aac", 48_000, 2), TrackInfo("aac", 48_000, 1)
SOURCE = SourceInfo(
    width=640,
    height=360,
    orientation=Orientation(),
    frame_rate=Fraction(25),
    time_base=Fraction(1, 25),
    first_pts=0,
    grid_phase=Fraction(1, 2),
    stamps=StampSource.FRAME,
    end_pts=250,
    frame_count_hint=250,
    frames_before=0,
    codec="h264",
)
OPUS = frozenset({SoundCodec.OPUS})
BOTH = frozenset(SoundCodec)
SECOND = 3 * 640 * 360 * 25  # samples of the source


def at(snr_db: float) -> LinkAdapter:
    adapter = LinkAdapter()
    for _ in range(8):
        adapter.observe(snr_db, snr_db)
    return adapter


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 10.0, 20.0])
def test_the_richest_that_takes_a_quarter_at_most(snr_db: float) -> None:
    for target_cbr in (2e-4, 1e-3, 3e-3, 2e-2):
        decision = decide(TransmissionOptions(target_cbr=target_cbr), STEREO, SOURCE, at(snr_db), OPUS)
        quarter = LARGEST_SHARE * target_cbr * SECOND
        costs = {rate: SoundPlan.opus(rate, 2, at(snr_db)).symbols_per_s for rate in OPUS_RATES}
        fitting = [rate for rate, symbols in costs.items() if symbols <= quarter]
        if fitting:
            assert decision.plan is not None
            assert decision.plan.bit_rate == max(fitting)
        else:
            assert decision.plan is None
            assert "more than a quarter" in decision.reason


def test_all_of_these_happen() -> None:
    chosen = [
        decide(TransmissionOptions(target_cbr=c), STEREO, SOURCE, at(10), OPUS).plan
        for c in (2e-4, 1e-3, 2e-2)
    ]
    assert [plan and plan.bit_rate for plan in chosen] == [None, 8_000, 24_000]


def test_below_opus_speech_goes_as_codec_2_where_both_ends_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pycodec2")
    options = TransmissionOptions(target_cbr=2e-4)
    plan = decide(options, STEREO, SOURCE, at(10), BOTH).plan
    assert plan is not None
    assert (plan.header.codec, plan.bit_rate, plan.header.bit_rate) == (SoundCodec.CODEC2, 1_600, 1_600)
    assert plan.header.channels == 1
    assert plan.symbols_per_s <= LARGEST_SHARE * 2e-4 * SECOND
    assert decide(options, STEREO, SOURCE, at(10), OPUS).plan is None
    monkeypatch.setattr("transmitter.sound.plan.is_installed", lambda: False)
    assert decide(options, STEREO, SOURCE, at(10), BOTH).plan is None


def test_codec_2_is_sent_where_it_was_asked_for_and_can_be_decoded() -> None:
    pytest.importorskip("pycodec2")
    options = TransmissionOptions(sound=SoundChoice.CODEC2)
    plan = decide(options, STEREO, SOURCE, at(10), BOTH).plan
    assert plan is not None
    assert (plan.header.codec, plan.bit_rate) == (SoundCodec.CODEC2, 3_200)
    with pytest.raises(InvalidInput, match="the receiver cannot decode codec2; install it there"):
        decide(options, STEREO, SOURCE, at(10), OPUS)


def test_without_a_target_the_usual_rate() -> None:
    for track, rate, channels in (
        (MONO, 12_000, 1),
        (STEREO, 16_000, 2),
        (TrackInfo("ac3", 48_000, 6), 16_000, 2),
    ):
        plan = decide(TransmissionOptions(), track, SOURCE, at(10), OPUS).plan
        assert plan is not None
        assert (plan.bit_rate, plan.header.channels) == (rate, channels)


def test_sound_that_was_asked_for_is_sent_below_a_quarter_too_but_not_instead_of_pictures() -> None:
    def asked(target_cbr: float) -> SoundPlan | None:
        options = TransmissionOptions(target_cbr=target_cbr, sound=SoundChoice.OPUS)
        return decide(options, MONO, SOURCE, at(10), OPUS).plan

    plan = asked(3e-4)
    assert plan is not None
    assert (plan.bit_rate, plan.header.channels) == (6_000, 1)
    with pytest.raises(InvalidInput, match=r"option sound: Opus at 6 kbit/s takes .* higher target_cbr"):
        asked(1e-4)


@pytest.mark.parametrize("snr_db", [-2.0, 0.0, 5.0, 10.0])
@pytest.mark.parametrize("bit_rate", [6_000, 12_000, 24_000])
def test_what_is_put_aside_is_what_it_costs(bit_rate: int, snr_db: float) -> None:
    harq = HarqSender()
    harq.adapter = at(snr_db)
    plan = SoundPlan.opus(bit_rate, 1, harq.adapter)
    rng = np.random.default_rng(2)
    mean = bit_rate * plan.header.packet_ms / 8000
    for number in range(4):
        sizes = np.maximum(1, rng.normal(mean, mean / 6, plan.unit_packets).round()).astype(int)
        packets = tuple(b"\x48" + rng.bytes(size - 1) for size in sizes)
        unit = SoundPackets(number * plan.unit_packets, packets)
        harq.ship(sound_blocks(unit, harq.adapter.sound_limit_bytes()))
        while harq.next_block() is not None:
            harq.report(BlockReport(True, TbState.ABSENT, TbState.DECODED, snr_db, snr_db))
    assert harq.record.sound_symbols == harq.record.ledger.total_symbols
    seconds = 4 * plan.unit_packets * plan.header.packet_ms / 1000
    assert harq.record.sound_symbols == pytest.approx(plan.symbols_per_s * seconds, rel=0.05)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    silent = tmp_path / "silent.mp4"
    with VideoWriter(silent, 32, 32, Fraction(1, 25)) as writer:
        for index in range(25):
            writer.append(np.zeros((32, 32, 3), np.uint8), index)
    return {
        "silent": silent,
        "sounding": with_sound(silent, tmp_path / "a.mkv", bursts(1)),
        "strange": with_sound(silent, tmp_path / "b.mkv", bursts(1), codec="wavpack"),
    }


def test_the_door(files: dict[str, Path]) -> None:
    limits = VideoLimits()
    auto, opus, none = SoundChoice.AUTO, SoundChoice.OPUS, SoundChoice.NONE
    for choice in (auto, opus):
        assert track_of(files["sounding"], choice, limits) == (TrackInfo("flac", 48_000, 1), "")
    assert track_of(files["sounding"], none, limits) == (None, "none was asked for")
    assert track_of(files["silent"], auto, limits) == (None, "the source has none")
    track, reason = track_of(files["strange"], auto, limits)
    assert track is None
    assert "'wavpack' is not accepted" in reason
    with pytest.raises(InvalidInput, match="option sound: opus was asked for and the file has no sound"):
        track_of(files["silent"], opus, limits)
    with pytest.raises(UnsupportedMedia):
        track_of(files["strange"], opus, limits)


def test_codec_2_that_is_not_installed_is_named_with_its_command(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("semvid.sound.codec2.find_spec", lambda _: None)
    with pytest.raises(MissingComponent, match=re.escape('pip install "semvid[codec2]"')):
        track_of(files["sounding"], SoundChoice.CODEC2, VideoLimits())


def test_a_share_is_a_cbr() -> None:
    assert cbr(round(LARGEST_SHARE * 1e-3 * SECOND), 25, 360, 640) == pytest.approx(2.5e-4)


def test_text_is_never_chosen_unasked_and_never_without_a_voice() -> None:
    """However little the target leaves: what is heard would be another voice and no sound but words."""
    text = frozenset({SoundCodec.TEXT})
    for target_cbr in (None, 1e-6, 2e-5):
        decision = decide(TransmissionOptions(target_cbr=target_cbr), STEREO, SOURCE, at(10), BOTH)
        assert decision.plan is None or decision.plan.header.codec is not SoundCodec.TEXT
    asked = TransmissionOptions(sound=SoundChoice.TEXT)
    decision = decide(asked, STEREO, SOURCE, at(10), BOTH)
    assert decision.plan is not None
    assert (decision.plan.header.codec, decision.plan.header.channels) == (SoundCodec.TEXT, 1)
    assert decision.reason == "asked for"
    assert decide(asked, STEREO, SOURCE, at(10), text).plan == decision.plan
    with pytest.raises(
        InvalidInput, match="cannot decode text; give it a voice there by SEMVID_RECEIVER_VOICE_MODEL"
    ):
        decide(asked, STEREO, SOURCE, at(10), OPUS)


@pytest.mark.parametrize("snr_db", [0.0, 10.0])
def test_text_is_put_aside_a_small_part_of_what_the_least_codec_takes(snr_db: float) -> None:
    text, least = SoundPlan.text(at(snr_db)), SoundPlan.codec2(700, at(snr_db))
    assert text.symbols_per_s < 0.4 * least.symbols_per_s


def test_what_text_is_taken_to_need_is_what_dialogue_needs() -> None:
    """28 seconds at 14 characters a second, with a pause of 0.4 s after each sentence."""
    dialogue = (
        "I told you on the phone that I would be a little late this evening.",
        "Then why did you not wait for me at the station, as we agreed?",
        "It was raining, and the last train had already left.",
        "Nobody saw you there, you know, and the police will ask.",
        "Let them ask, I have nothing to hide from anybody.",
        "The weather tomorrow will be mostly dry with some sunshine in the north.",
    )
    packets, now = [b""] * 32, 0.0
    for words in dialogue:
        seconds = len(words) / 14
        packets[int(now)] = sentence.pack(sentence.Sentence(int(now % 1 * 32), int(seconds * 32), words))
        now += seconds + 0.4
    units = [SoundPackets(first, tuple(packets[first : first + 8])) for first in range(0, 32, 8)]
    bits = sum(8 * len(sound_payload.pack(unit)) for unit in units)
    assert bits / now == pytest.approx(TEXT_RATE, rel=0.1)
