"""A receiver whose decoder is an external program: real gRPC in, a process for each gap, HTTP out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from semvid.video.probe import probe
from semvid.video.reader import read_frames

PROGRAM = Path(__file__).parents[2] / "programs" / "bridge.py"
COMMAND = f"command:frame_grid=4 {sys.executable} {PROGRAM} {{start}} {{end}} {{output}} {{frames}}"


def test_a_video_made_by_an_external_program(start_receiver: Any, clip: Any, tmp_path: Path) -> None:
    receiver = start_receiver(decoder=COMMAND)
    call = receiver.open()
    assert call.accepted.profile.name == "command"
    call.send_all(clip.bursts)
    assert call.finish().complete
    video = receiver.final(call.id)
    assert (video["state"], video["frames_written"], video["decoder"]) == ("SUCCEEDED", 25, "command")
    assert video["segments"] == {"received": 4, "regenerated": 3, "concealed": 0}
    path = tmp_path / "fetched.mp4"
    path.write_bytes(receiver.http.get(f"/v1/videos/{call.id}/content").content)
    frames = list(read_frames(path, probe(path)))
    assert [frame.pts for frame in frames] == [clip.stream_header.nominal_pts(i) for i in range(25)]
