"""The receiver as a process with a generative decoder, or without the one that was asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.models.tiny_video import checkpoint

pytestmark = pytest.mark.tiny_models


def test_a_decoder_that_cannot_be_had_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    done = subprocess.run(
        [sys.executable, "-m", "receiver"],
        env={
            **os.environ,
            "SEMVID_RECEIVER_DECODER": f"hf:{tmp_path}",
            "SEMVID_RECEIVER_DATA_DIR": str(tmp_path / "data"),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        f"semvid receiver: {tmp_path} is a FluxPipeline, which cannot make a video between"
    )


def test_a_segment_that_fails_twice_is_concealed_and_the_video_goes_on(
    start_receiver: Any, clip: Any
) -> None:
    """float16 and a huge guidance: the sampler overflows, which is what real weights in float16 do."""
    receiver = start_receiver(
        decoder=f"hf:{checkpoint('ltx')}",
        decoder_device="cpu",
        decoder_steps="2",
        decoder_dtype="float16",
        decoder_guidance="1e30",
    )
    assert receiver.http.get("/readyz").json()["decoder"].endswith("ltx")
    call = receiver.open()
    assert call.accepted.profile.name == "hf:ltx"
    call.send_all(clip.bursts)
    call.finish()
    video = receiver.final(call.id)
    assert (video["state"], video["frames_written"]) == ("SUCCEEDED", 25)
    assert video["segments"] == {"received": 4, "regenerated": 0, "concealed": 3}
    assert video["in_flight"] == []
    concealed = [s for s in receiver.segments(call.id) if s["provenance"] == "concealed"]
    assert all(
        s["reason"].startswith("regeneration failed twice: the model gave values that are no numbers")
        for s in concealed
    )
