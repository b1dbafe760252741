"""A clip over a radio in the channel's place, recorded, and the recording replayed to the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluation.studies.radio import PYTHON, has_gnu_radio, over_gnu_radio
from semvid.link.recording import Recording
from semvid.waveform import RadioFrame, SingleCarrier
from tests.e2e.conftest import free_ports, running
from tests.radio_peer import air_of, peer


def semvid(*arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "semvid", *arguments], capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_clip_crosses_a_radio_is_recorded_and_replays_to_the_identical_video(
    tiny_clip: Path, tmp_path: Path
) -> None:
    one, other = free_ports(2)
    settings = {
        "SEMVID_CHANNEL_AIR": air_of((one, other)),
        "SEMVID_CHANNEL_AIR_TIMEOUT_S": "30",
        "SEMVID_CHANNEL_RECORD_DIR": str(tmp_path / "recordings"),
    }
    (tmp_path / "trio").mkdir()
    with peer((one, other), snr_db=15, cfo_hz=200), running(tmp_path / "trio", **settings) as trio:
        sent = trio.transmit(tiny_clip)
        assert sent["state"] == "SUCCEEDED", sent["error"]
        video = trio.wait_video(str(sent["id"]))
        original = trio.content(str(sent["id"]), tmp_path / "original.mp4").read_bytes()
    assert video["state"] == "SUCCEEDED"
    assert sent["blocks_lost"] == 0
    assert 13.5 < float(str(sent["realised_snr_db"])) < 16
    base = tmp_path / "recordings" / f"{sent['id']}-1"
    received = Recording.open(base.with_name(base.name + "-received.sigmf-meta"))
    assert received.waveform == SingleCarrier(RadioFrame())
    # both ends count what the radio put around bursts
    assert sum(received.waveform.on_air(int(size)) for size in received.bursts[:, 1]) == sent["total_symbols"]
    assert video["symbols_received"] == sent["total_symbols"]

    replayed = semvid("iq", "replay", str(received.path), "-o", str(tmp_path / "replayed.mp4"))
    assert replayed["complete"] is True
    assert replayed["symbols"] == sent["total_symbols"]
    assert (tmp_path / "replayed.mp4").read_bytes() == original


@pytest.mark.skipif(
    not has_gnu_radio(), reason=f"not run: GNU Radio is not installed for {PYTHON}; apt-get install gnuradio"
)
def test_a_real_clip_crosses_a_flowgraph_of_gnu_radio_at_15_db_with_200_hz_of_offset(
    real_clip: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    clip = real_clip("asl_thanks")
    row = over_gnu_radio(clip["path"], tmp_path, {"seed": 1})
    assert (row["state"], row["frames"]) == ("SUCCEEDED", clip["frames"])
    assert row["blocks_lost"] == row["bursts_lost_on_air"] == 0
    assert 14.3 < row["realised_snr_db"] < 15.3
    assert abs(row["carrier_offset_hz"]["mean"] - 200) < 10
    assert row["replayed_identical"]
