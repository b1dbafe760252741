"""From a bad channel to a good one, no transmission fails silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_frames
from tests.e2e.conftest import Trio


def _sent(
    trio: Trio, clip: Path, folder: Path, **options: Any
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The transmission and, if there is one, the video; the video has every frame whenever it says so."""
    sent: dict[str, Any] = trio.transmit(clip, json.dumps(options))
    if sent["state"] == "FAILED":
        assert len(sent["error"]["detail"]) > 20
        return sent, None
    assert sent["state"] == "SUCCEEDED"
    video: dict[str, Any] = trio.wait_video(str(sent["id"]))
    assert video["state"] == "SUCCEEDED"
    back = trio.content(str(sent["id"]), folder / "back.mp4")
    assert sum(1 for _ in read_frames(back, probe(back))) == 24
    assert sum(sent["symbols"].values()) == sent["total_symbols"]
    return sent, video


@pytest.mark.parametrize("model", ["awgn", "rayleigh"])
@pytest.mark.parametrize("snr_db", [-5, 0, 5, 10, 20])
def test_auto_at_every_snr(trio: Trio, tiny_clip: Path, tmp_path: Path, model: str, snr_db: int) -> None:
    channel = {"model": model, "snr_db": snr_db, "seed": 1}
    sent, video = _sent(trio, tiny_clip, tmp_path, channel=channel)
    if model == "awgn" or snr_db >= 10:
        assert video is not None, sent["error"]
        assert video["segments"]["concealed"] == 0 or sent["blocks_lost"] > 0
    if model == "awgn":
        assert abs(sent["snr_db"] - snr_db) < 2


def test_three_db_below_its_mcs_repetitions_mend_the_video(
    trio: Trio, tiny_clip: Path, tmp_path: Path
) -> None:
    # row 8 (16QAM 553/1024) reaches a BLER of 1 % at 7.1 dB
    channel = {"model": "awgn", "snr_db": 4.1, "seed": 1}
    sent, video = _sent(trio, tiny_clip, tmp_path, mcs=8, channel=channel)
    assert video is not None, sent["error"]
    assert sent["retransmissions"] > 0
    assert sent["blocks_lost"] == 0
    assert video["segments"]["concealed"] == 0


def test_without_repetitions_the_video_is_whole_and_says_what_was_concealed(
    trio: Trio, tiny_clip: Path, tmp_path: Path
) -> None:
    # a third of the blocks is lost there, whatever their size
    channel = {"model": "awgn", "snr_db": 6.6, "seed": 3}
    sent, video = _sent(trio, tiny_clip, tmp_path, mcs=8, retransmissions=0, channel=channel)
    assert video is not None, sent["error"]
    assert sent["blocks_lost"] > 0
    assert video["segments"]["concealed"] > 0


def test_the_same_seeds_give_the_same_ledger_and_the_same_noise(
    trio: Trio, tiny_clip: Path, tmp_path: Path
) -> None:
    options = {"seed": 5, "channel": {"model": "rayleigh", "snr_db": 12, "seed": 9}}
    (one, _), (other, _) = (_sent(trio, tiny_clip, tmp_path, **options) for _ in range(2))
    for fact in ("symbols", "bits", "mcs", "blocks_sent", "retransmissions", "snr_db"):
        assert one[fact] == other[fact]
