"""A receiver whose decoders are Ray actors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_frames


def pictures(receiver: Any, clip: Any, folder: Path) -> list[np.ndarray]:
    call = receiver.open()
    call.send_all(clip.bursts)
    assert call.finish().complete
    video = receiver.final(call.id)
    assert (video["state"], video["frames_written"]) == ("SUCCEEDED", 25)
    assert video["segments"] == {"received": 4, "regenerated": 3, "concealed": 0}
    path = folder / f"{call.id}.mp4"
    path.write_bytes(receiver.http.get(f"/v1/videos/{call.id}/content").content)
    return [frame.picture for frame in read_frames(path, probe(path))]


@pytest.mark.slow  # `tests/integration/test_ray.py` has the same of the executor alone
def test_the_video_is_the_same_as_without_ray(
    start_receiver: Any, receiver: Any, clip: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.chdir(tmp_path)  # Ray would put it before what is installed, in its workers
    (tmp_path / "receiver.py").write_text("raise SystemExit('the current folder was imported')")
    on_ray = start_receiver(executor="ray", executor_actors="2", workers="1")
    made, alone = pictures(on_ray, clip, tmp_path), pictures(receiver, clip, tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(made, alone, strict=True))
    assert on_ray.stop() in (0, -15)
    assert "receiver stopped" in on_ray.log_text()
