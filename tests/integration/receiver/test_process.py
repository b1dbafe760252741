"""The receiver as a process: killed, drained, full, slow."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import pytest

from semvid.images.keyframe_codec import KeyframeEncoder
from semvid.semantics import PictureCoding, StreamEnd
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.wire.v1 import link_pb2 as pb

LONG = 400  # frames of a gap that takes a while


@pytest.fixture(scope="module")
def long_gap(clip: Any) -> list[Any]:
    """Blocks of a video with a gap of `LONG` frames, and then some short ones."""
    places = [0, LONG, LONG + 2, LONG + 4, LONG + 6, LONG + 8, LONG + 10]
    bursts = [clip.header]
    with KeyframeEncoder(96, 64, 40, PictureCoding.LOW_DELAY, preset=8) as encoder:
        for number, frame in enumerate(places):
            (group,) = encoder.push(clip.pictures[2 * number])
            bursts.append(clip.burst(number + 1, [], *clip.bulk(group, number, [frame])))
    return [*bursts, clip.burst(len(places) + 1, [StreamEnd(places[-1] + 1, len(places))])]


def playable(response: Any, path: Any) -> int:
    path.write_bytes(response.content)
    return sum(1 for _ in read_frames(path, probe(path)))


def test_a_killed_receiver_finds_its_videos_again(
    start_receiver: Any, clip: Any, long_gap: Any, tmp_path: Any
) -> None:
    receiver = start_receiver()
    whole = receiver.open()
    whole.send_all(clip.bursts)
    whole.finish()
    before = receiver.final(whole.id)
    cut, empty = receiver.open(), receiver.open()
    cut.send_all(long_gap[:3])
    empty.send(clip.header)
    url = f"/v1/videos/{cut.id}/content"
    while receiver.http.get(url).status_code != 200:  # until a fragment is on disk
        assert receiver.video(cut.id)["state"] == "RECEIVING"
        time.sleep(0.02)
    receiver.stop(signal.SIGKILL)
    assert cut.status()[0] is grpc.StatusCode.UNAVAILABLE

    again = start_receiver()
    assert again.video(whole.id) == before
    assert playable(again.http.get(f"/v1/videos/{whole.id}/content"), tmp_path / "whole.mp4") == 25

    video = again.video(cut.id)
    assert video["state"] == "TRUNCATED"
    assert "was stopped while it made this video" in video["error"]["detail"]
    frames = playable(again.http.get(url), tmp_path / "cut.mp4")
    assert frames == video["frames_written"] >= 48
    segments = again.segments(cut.id)
    covered = [f for s in segments for f in range(s["first_frame"], s["last_frame"] + 1)]
    assert covered == list(range(frames))

    assert again.video(empty.id)["state"] == "FAILED"
    assert again.http.get(f"/v1/videos/{empty.id}/content").status_code == 404
    taken = again.open(opening=False)
    taken.put(pb.TransmitRequest(open=pb.Open(transmission_id=cut.id)))
    assert taken.status()[0] is grpc.StatusCode.ALREADY_EXISTS


def test_the_video_can_be_watched_while_it_is_made(
    start_receiver: Any, clip: Any, long_gap: Any, tmp_path: Any
) -> None:
    receiver = start_receiver()
    call = receiver.open()
    url = f"/v1/videos/{call.id}/content"
    waiting = receiver.http.get(url)
    assert waiting.status_code == 409
    assert waiting.headers["retry-after"] == "1"
    assert waiting.headers["content-type"] == "application/problem+json"
    call.send_all(long_gap[:3])
    while (response := receiver.http.get(url)).status_code == 409:
        time.sleep(0.02)
    assert response.headers["x-semvid-state"] == "RECEIVING"
    assert response.headers["accept-ranges"] == "none"
    assert 48 <= playable(response, tmp_path / "early.mp4") <= LONG + 1
    call.cancel()
    assert receiver.final(call.id)["frames_written"] == LONG + 1


def test_sigterm_lets_running_work_end(start_receiver: Any, clip: Any, long_gap: Any) -> None:
    receiver = start_receiver(drain_s="30")
    call = receiver.open()
    call.send_all(long_gap[:3])
    receiver.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    call.send_all(long_gap[3:])
    assert call.finish().complete
    receiver.stop()
    assert "receiver stopped" in receiver.log_text()
    again = start_receiver()
    assert again.video(call.id)["state"] == "SUCCEEDED"
    assert again.video(call.id)["frames_written"] == LONG + 11


def test_sigterm_cuts_off_what_does_not_end(start_receiver: Any, clip: Any, tmp_path: Any) -> None:
    receiver = start_receiver(drain_s="0.5")
    call = receiver.open()
    call.send_all([clip.header, *clip.keyframes[:2]])
    started = time.monotonic()
    receiver.stop()
    assert time.monotonic() - started < 20
    assert call.status()[0] in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    again = start_receiver()
    video = again.video(call.id)
    assert video["state"] == "TRUNCATED"
    assert "receiver was stopped during" in video["error"]["detail"]
    content = again.http.get(f"/v1/videos/{call.id}/content")
    assert playable(content, tmp_path / "cut.mp4") == video["frames_written"] > 0


def test_a_slow_decoder_is_felt_at_the_sender(start_receiver: Any, long_gap: Any) -> None:
    """With room for one gap the reports wait until the long one is written."""
    receiver = start_receiver(queue_length="1", segments_ahead="1", workers="1", frame_buffer_bytes="1")
    call = receiver.open()
    written: list[int] = []
    for symbols in long_gap:
        call.send(symbols)
        written.append(receiver.video(call.id)["frames_written"])
    call.finish()
    video = receiver.final(call.id)
    assert video["state"] == "SUCCEEDED"
    # blocks: header, keyframes 0 .. 6, end. The long gap ends with keyframe 1; 2 waits in the queue.
    assert written[-1] >= LONG


def test_old_videos_make_room_for_new_ones(start_receiver: Any, clip: Any) -> None:
    receiver = start_receiver(kept_videos="2")
    ids = []
    for _ in range(3):
        call = receiver.open()
        call.send_all(clip.bursts)
        call.finish()
        receiver.final(call.id)
        ids.append(call.id)
    deadline = time.monotonic() + 10
    while receiver.http.get(f"/v1/videos/{ids[0]}").status_code != 404:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not (receiver.data / "videos" / ids[0]).exists()
    listed = receiver.http.get("/v1/videos?limit=1").json()
    assert [video["id"] for video in listed["videos"]] == [ids[2]]
    assert listed["next_offset"] == 1


def test_a_disk_that_is_full_ends_the_video_with_a_reason(start_receiver: Any, clip: Any) -> None:
    receiver = start_receiver()
    call = receiver.open()
    call.send(clip.header)
    folder = receiver.data / "videos" / call.id
    (folder / "video.mp4").symlink_to("/dev/full")
    call.put(pb.TransmitRequest(block=pb.SymbolBlock(sequence=1, symbols=clip.keyframes[0].tobytes())))
    for sequence, symbols in enumerate(clip.keyframes[1:], 2):
        time.sleep(0.2)
        call.put(pb.TransmitRequest(block=pb.SymbolBlock(sequence=sequence, symbols=symbols.tobytes())))
    code, details = call.status()
    assert (code, "cannot write the video" in details) == (grpc.StatusCode.INTERNAL, True)
    video = receiver.final(call.id)
    assert video["state"] == "FAILED"
    assert "cannot write the video" in video["error"]["detail"]


def test_many_senders_at_once(start_receiver: Any, clip: Any) -> None:
    receiver = start_receiver(concurrent_transmissions="6", workers="2")
    calls = [receiver.open() for _ in range(6)]

    def transmit(call: Any) -> None:
        call.send_all(clip.bursts)
        call.finish()

    threads = [threading.Thread(target=transmit, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    videos = [receiver.final(call.id) for call in calls]
    assert {video["state"] for video in videos} == {"SUCCEEDED"}
    contents = {receiver.http.get(f"/v1/videos/{call.id}/content").content for call in calls}
    assert len(contents) == 1


def test_nothing_is_left_open(start_receiver: Any, clip: Any) -> None:
    receiver = start_receiver()

    def transmit() -> None:
        call = receiver.open()
        call.send_all(clip.bursts[:-2])
        call.cancel()
        receiver.final(call.id)

    for _ in range(2):
        transmit()
    files, threads = _open_files(receiver), _threads(receiver)
    for _ in range(8):
        transmit()
    time.sleep(0.5)
    assert _open_files(receiver) <= files + 4
    assert _threads(receiver) <= threads + 4


def _open_files(receiver: Any) -> int:
    return len(list(Path(f"/proc/{receiver.process.pid}/fd").iterdir()))


def _threads(receiver: Any) -> int:
    return len(list(Path(f"/proc/{receiver.process.pid}/task").iterdir()))
