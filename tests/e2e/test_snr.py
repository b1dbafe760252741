"""From a bad channel to a good one, no transmission fails silently."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_frames
from tests.e2e.conftest import Trio


def _sent(trio: Trio, clip: Path, folder: Path, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The transmission and its video, which has every frame and conceals only what was lost."""
    sent: dict[str, Any] = trio.transmit(clip, json.dumps({"coding_time": 0.1, **options}))
    assert sent["state"] == "SUCCEEDED", sent["error"]
    video: dict[str, Any] = trio.wait_video(str(sent["id"]))
    assert video["state"] == "SUCCEEDED"
    back = trio.content(str(sent["id"]), folder / "back.mp4")
    assert sum(1 for _ in read_frames(back, probe(back))) == 24
    assert sum(sent["symbols"].values()) == sent["total_symbols"] > 0
    assert sent["blocks_lost"] > 0 or video["segments"]["concealed"] == 0
    return sent, video


def test_over_noise_alone_everything_arrives_and_costs_less_the_better_the_channel(
    trio: Trio, tiny_clip: Path, tmp_path: Path
) -> None:
    symbols = []
    for snr_db in (-5, 0, 5, 10, 20):
        channel = {"model": "awgn", "snr_db": snr_db, "seed": 1}
        sent, _ = _sent(trio, tiny_clip, tmp_path, channel=channel)
        assert sent["blocks_lost"] == 0
        assert sent["snr_db"] == pytest.approx(snr_db, abs=1)
        symbols.append(sent["total_symbols"])
    assert all(worse > 1.3 * better for worse, better in pairwise(symbols))


@pytest.mark.parametrize("seed", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("snr_db", [5, 20])
def test_repetitions_carry_everything_through_fades(
    trio: Trio, tiny_clip: Path, tmp_path: Path, snr_db: int, seed: int
) -> None:
    """A block that fades is sent again over another draw; the three together are lost once in hundreds."""
    channel = {"model": "rayleigh", "snr_db": snr_db, "seed": seed}
    sent, video = _sent(trio, tiny_clip, tmp_path, channel=channel)
    assert sent["blocks_lost"] == 0
    assert video["segments"]["received"] > 0


def test_a_channel_out_of_reach_is_said(trio: Trio, tiny_clip: Path) -> None:
    channel = {"model": "rayleigh", "snr_db": -15, "seed": 1}
    sent: dict[str, Any] = trio.transmit(tiny_clip, json.dumps({"channel": channel}))
    assert sent["state"] == "FAILED"
    assert sent["error"]["code"] == "TRANSMISSION_FAILED"
    for said in ("header was lost", " dB", "Raise the SNR"):
        assert said in sent["error"]["detail"]
    assert trio.video(str(sent["id"])).get("state") != "SUCCEEDED"


def test_three_db_below_its_mcs_repetitions_mend_the_video(
    trio: Trio, tiny_clip: Path, tmp_path: Path
) -> None:
    # row 8 (16QAM 553/1024) reaches a BLER of 1 % at 7.1 dB
    channel = {"model": "awgn", "snr_db": 4.1, "seed": 1}
    sent, video = _sent(trio, tiny_clip, tmp_path, mcs=8, channel=channel)
    assert sent["retransmissions"] > 0
    assert sent["blocks_lost"] == 0
    assert video["segments"]["concealed"] == 0


def test_without_repetitions_the_video_is_whole_and_says_what_was_concealed(
    trio: Trio, tiny_clip: Path, tmp_path: Path
) -> None:
    # a third of the blocks is lost there, whatever their size
    channel = {"model": "awgn", "snr_db": 6.4, "seed": 1}
    sent, video = _sent(trio, tiny_clip, tmp_path, mcs=8, retransmissions=0, channel=channel)
    assert sent["blocks_lost"] > 0
    assert video["segments"]["concealed"] > 0


def test_the_same_seeds_give_the_same_ledger_and_the_same_noise(
    trio: Trio, tiny_clip: Path, tmp_path: Path
) -> None:
    options = {"seed": 5, "channel": {"model": "rayleigh", "snr_db": 12, "seed": 9}}
    (one, _), (other, _) = (_sent(trio, tiny_clip, tmp_path, **options) for _ in range(2))
    for fact in ("symbols", "bits", "mcs", "blocks_sent", "retransmissions", "snr_db"):
        assert one[fact] == other[fact]
