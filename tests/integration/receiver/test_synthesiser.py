"""The receiver as a process that corrects what it draws between keyframes, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from semvid.images.onnx_model import digest_of
from tests.models.tiny_synthesiser import tiny_synthesiser


def test_the_network_is_announced_and_named_in_the_record(
    start_receiver: Any, clip: Any, tmp_path: Path
) -> None:
    model = tiny_synthesiser(luma_added=20)
    (tmp_path / "brighter.onnx").write_bytes(model)
    receiver = start_receiver(decoder=f"synthesiser:{tmp_path / 'brighter.onnx'}")
    call = receiver.open()
    assert call.accepted.profile.name == "synthesiser"
    assert call.accepted.profile.synthesiser == digest_of(model)
    call.send_all(clip.bursts)
    call.finish()
    video = receiver.final(call.id)
    assert video["state"] == "SUCCEEDED"
    assert (video["decoder"], video["synthesiser"]) == ("synthesiser", digest_of(model))
    assert video["segments"]["regenerated"] > 0
