"""Whole transmissions: real gRPC in, real HTTP out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest

from semvid import sound_payload
from semvid.images.keyframe_codec import KeyframeEncoder
from semvid.semantics import (
    Caption,
    PictureCoding,
    SoundCodec,
    SoundHeader,
    SoundPackets,
    StreamEnd,
    StreamHeader,
    Timing,
)
from semvid.sound.opus import OpusEncoder
from semvid.sound.track import probe_sound
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from tests.synthetic_sound import bursts as tones
from tests.synthetic_sound import onsets, sound_of


def psnr(a: Any, b: Any) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2)))


def frames_of(response: Any, tmp_path: Any) -> list[Any]:
    path = tmp_path / "fetched.mp4"
    path.write_bytes(response.content)
    return list(read_frames(path, probe(path)))


@pytest.fixture(scope="module")
def sent(receiver: Any, clip: Any) -> Any:
    """A transmission that arrived whole."""
    call = receiver.open()
    call.reports = call.send_all(clip.bursts)
    call.summary = call.finish()
    receiver.final(call.id)
    return call


def test_every_frame_comes_out_once_at_its_time(receiver: Any, clip: Any, sent: Any, tmp_path: Any) -> None:
    frames = frames_of(receiver.http.get(f"/v1/videos/{sent.id}/content"), tmp_path)
    assert len(frames) == 25
    assert [f.pts for f in frames] == [clip.stream_header.nominal_pts(i) for i in range(25)]
    assert all(frame.picture.shape == (64, 96, 3) for frame in frames)
    quality = [psnr(frame.picture, clip.pictures[i]) for i, frame in enumerate(frames)]
    assert min(quality[i] for i in (0, 8, 16, 24)) > 32  # keyframes
    assert min(quality) > 24  # and what was regenerated between them follows the motion


def test_the_record_tells_what_arrived(receiver: Any, sent: Any) -> None:
    video = receiver.video(sent.id)
    assert video["state"] == "SUCCEEDED"
    assert video["error"] is None
    assert (video["progress"], video["frames_written"], video["frames_expected"]) == (1.0, 25, 25)
    assert (video["width"], video["height"]) == (96, 64)
    assert video["frame_rate"] == pytest.approx(29.97, abs=0.01)
    assert (video["bursts_received"], video["blocks_lost"]) == (7, 0)
    assert video["symbols_received"] == sent.symbols
    assert (video["keyframes_received"], video["keyframes_lost"]) == (4, 0)
    assert (video["captions_received"], video["captions_lost"]) == (3, 0)
    assert video["segments"] == {"received": 4, "regenerated": 3, "concealed": 0}
    assert video["snr_db"] > 30
    assert video["realised_snr_db"] > 30
    assert 0 < video["known_symbols"] <= video["symbols_received"]
    assert video["content_url"] == f"/v1/videos/{sent.id}/content"
    assert all(video["seconds"][stage] > 0 for stage in ("receiving", "keyframes", "regenerating", "writing"))


def test_reports_and_summary_count_what_came(sent: Any) -> None:
    sounding, *blocks = sent.reports
    assert not sounding.control_decoded
    assert all(report.control_decoded for report in blocks)
    assert [report.bulk for report in blocks] == [0, 1, 1, 1, 1, 0]
    assert sent.accepted.video_url == f"/v1/videos/{sent.id}"
    assert sent.accepted.profile.name == "embedded"
    assert sent.accepted.profile.closed_loop
    assert (sent.summary.bursts, sent.summary.symbols, sent.summary.frames) == (7, sent.symbols, 25)
    assert sent.summary.complete
    assert sent.summary.return_bytes > 0


def test_segments_cover_every_frame_once(receiver: Any, sent: Any) -> None:
    segments = receiver.segments(sent.id)
    assert segments[0]["first_frame"] == 0
    assert segments[-1]["last_frame"] == 24
    assert all(b["first_frame"] == a["last_frame"] + 1 for a, b in pairwise(segments))
    assert [s["provenance"] for s in segments] == ["received", *["regenerated", "received"] * 3]
    assert [s["caption"] for s in segments[1::2]] == ["part 1", "part 2", "part 3"]
    assert {s["motion"] for s in segments[1::2]} == {40}
    page = receiver.http.get(f"/v1/videos/{sent.id}/segments?offset=2&limit=3").json()
    assert page == segments[2:5]


def test_what_the_video_was_made_of_can_be_seen(receiver: Any, clip: Any, sent: Any) -> None:
    base = f"/v1/videos/{sent.id}"
    keyframes = receiver.http.get(f"{base}/keyframes").json()
    assert [(k["number"], k["frame"]) for k in keyframes] == [(0, 0), (1, 8), (2, 16), (3, 24)]
    assert all(k["bytes"] > 0 for k in keyframes)
    response = receiver.http.get(f"{base}/keyframes/2")
    assert response.headers["content-type"] == "image/png"
    shown = cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert psnr(shown, clip.pictures[16]) > 32
    captions = receiver.http.get(f"{base}/captions").json()
    assert captions[0] == {"first": 0, "last": 1, "text": "part 1"}
    points = receiver.http.get(f"{base}/constellation").json()
    assert len(points["i"]) == len(points["q"]) == len(points["class"]) > 100
    assert set(points["class"]) == {"control", "protected", "bulk"}
    power = np.mean(np.square(points["i"]) + np.square(points["q"]))
    assert power == pytest.approx(1, abs=0.1)


def test_content_honours_ranges(receiver: Any, sent: Any) -> None:
    url = f"/v1/videos/{sent.id}/content"
    whole = receiver.http.get(url)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["x-semvid-state"] == "SUCCEEDED"
    part = receiver.http.get(url, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == whole.content[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    tail = receiver.http.get(url, headers={"Range": "bytes=-10"})
    assert tail.content == whole.content[-10:]
    beyond = receiver.http.get(url, headers={"Range": f"bytes={len(whole.content)}-"})
    assert beyond.status_code == 416
    stale = receiver.http.get(url, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (stale.status_code, len(stale.content)) == (200, len(whole.content))
    head = receiver.http.head(url)
    assert (head.status_code, int(head.headers["content-length"])) == (200, len(whole.content))


def test_what_is_not_there_is_a_problem_document(receiver: Any, sent: Any) -> None:
    for path in ("nothing", "nothing/content", "nothing/segments", f"{sent.id}/keyframes/9"):
        response = receiver.http.get(f"/v1/videos/{path}")
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == "NOT_FOUND"
    assert receiver.http.get("/v1/videos/x/segments?limit=0").status_code == 422


def test_a_lost_keyframe_is_concealed_and_counted(receiver: Any, clip: Any, tmp_path: Any) -> None:
    call = receiver.open()
    header, first, second, third, fourth = [clip.header, *clip.keyframes]
    call.send_all([header, first])
    lost = call.send(clip.noise(second))
    assert not lost.control_decoded
    call.send_all([third, fourth, clip.end])
    summary = call.finish()
    assert (summary.frames, summary.complete) == (25, False)
    video = receiver.final(call.id)
    assert video["state"] == "SUCCEEDED"
    assert (video["blocks_lost"], video["bursts_undecoded"]) == (1, 1)
    # low delay: after the lost picture the next two cannot be decoded either
    assert (video["keyframes_lost"], video["keyframes_undecodable"], video["captions_lost"]) == (1, 2, 1)
    first_row, concealed = receiver.segments(call.id)
    assert first_row["provenance"] == "received"
    assert (concealed["first_frame"], concealed["last_frame"]) == (1, 24)
    assert concealed["provenance"] == "concealed"
    assert concealed["reason"] == "1 keyframe did not arrive; 2 keyframes needed one that was lost"
    assert len(frames_of(receiver.http.get(f"/v1/videos/{call.id}/content"), tmp_path)) == 25


def test_a_pyramid_in_several_blocks_comes_together_and_its_top_may_be_lost(
    receiver: Any, clip: Any, tmp_path: Any
) -> None:
    places = [*range(0, 25, 3)]
    encoder = KeyframeEncoder(96, 64, 25, PictureCoding.PYRAMID, preset=8)
    groups = [group for place in places for group in encoder.push(clip.pictures[place])]
    (group,) = groups + encoder.finish()
    header = replace(clip.stream_header, coding=PictureCoding.PYRAMID)
    text = [header, Caption(0, 8, "one square", 40)]
    payloads = clip.bulk(group, 0, places, limit=max(200, sum(len(p.packet) for p in group) // 4))
    top = {picture.number for picture in group if picture.kept_in == 0}
    assert len(payloads) > 2
    for lost in (None, len(payloads) - 1):
        call = receiver.open()
        for index, payload in enumerate(payloads):
            symbols = clip.burst(index, [] if index else text, payload)
            call.send(clip.noise(symbols) if index == lost else symbols)
        call.send(clip.burst(len(payloads), [StreamEnd(25, 9)]))
        assert call.finish().complete == (lost is None)
        video = receiver.final(call.id)
        assert (video["state"], video["frames_written"]) == ("SUCCEEDED", 25)
        assert (video["keyframes_given_up"], video["keyframes_undecodable"]) == (0, 0)
        shown = receiver.http.get(f"/v1/videos/{call.id}/keyframes").json()
        numbers = [keyframe["number"] for keyframe in shown]
        assert numbers == sorted(numbers)
        gone = set(range(9)) - set(numbers)
        assert bool(gone) == (lost is not None)
        assert gone <= top
        assert (video["keyframes_received"], video["keyframes_lost"]) == (9 - len(gone), len(gone))
        frames = frames_of(receiver.http.get(f"/v1/videos/{call.id}/content"), tmp_path)
        quality = [psnr(frame.picture, clip.pictures[i]) for i, frame in enumerate(frames)]
        assert min(quality[places[number]] for number in numbers) > 30
        assert min(quality) > 20


def test_a_lost_end_stops_at_the_last_keyframe_and_says_so(receiver: Any, clip: Any, tmp_path: Any) -> None:
    call = receiver.open()
    call.send_all([clip.header, *clip.keyframes[:3]])
    assert not call.finish().complete
    video = receiver.final(call.id)
    assert video["state"] == "TRUNCATED"
    assert video["error"]["code"] == "TRANSMISSION_FAILED"
    assert "end of the stream did not arrive" in video["error"]["detail"]
    assert (video["frames_written"], video["frames_expected"]) == (17, None)
    assert len(frames_of(receiver.http.get(f"/v1/videos/{call.id}/content"), tmp_path)) == 17


def test_without_header_or_keyframe_there_is_no_video(receiver: Any, clip: Any) -> None:
    for bursts, reason in (
        # without a header the end cannot be read either, and is named first
        ([clip.noise(clip.header), clip.end], "end of the stream did not arrive"),
        ([clip.noise(clip.header), clip.noise(clip.end)], "end of the stream did not arrive"),
        ([clip.header, clip.end], "no keyframe"),
        ([], "end of the stream did not arrive"),
    ):
        call = receiver.open()
        call.send_all(bursts)
        assert call.finish().frames == 0
        video = receiver.final(call.id)
        assert video["state"] == "FAILED"
        assert video["error"]["code"] == "TRANSMISSION_FAILED"
        assert reason in video["error"]["detail"]
        response = receiver.http.get(f"/v1/videos/{call.id}/content")
        assert response.status_code == 404


def test_one_frame_is_a_video(receiver: Any, clip: Any, tmp_path: Any) -> None:
    call = receiver.open()
    call.send_all([clip.header, clip.keyframes[0], clip.burst(2, [StreamEnd(1, 1)])])
    assert call.finish().complete
    assert receiver.final(call.id)["state"] == "SUCCEEDED"
    assert len(frames_of(receiver.http.get(f"/v1/videos/{call.id}/content"), tmp_path)) == 1


def test_odd_sizes_scaled_keyframes_and_irregular_times_come_out_exactly(
    receiver: Any, clip: Any, tmp_path: Any
) -> None:
    header = StreamHeader(101, 67, 48, 32, Fraction(1, 1000), Fraction(25))
    stamps = [header.nominal_pts(i) + offset for i, offset in enumerate((0, 7, -3, 0, 0, 11, 0))]
    call = receiver.open()
    call.send(clip.burst(0, [header]))
    with KeyframeEncoder(48, 32, 30, PictureCoding.LOW_DELAY, preset=8) as encoder:
        for number, frame in enumerate((0, 3, 6)):
            small = cv2.resize(clip.pictures[2 * frame], (48, 32), interpolation=cv2.INTER_AREA)
            (group,) = encoder.push(small)
            times = [Timing(1, (7, -3, 0))] if number == 1 else [Timing(5, (11, 0))] if number == 2 else []
            call.send(clip.burst(number + 1, times, *clip.bulk(group, number, [frame])))
    call.send(clip.burst(4, [StreamEnd(7, 3, hold=2345)]))
    assert call.finish().complete
    assert receiver.final(call.id)["state"] == "SUCCEEDED"
    frames = frames_of(receiver.http.get(f"/v1/videos/{call.id}/content"), tmp_path)
    assert [frame.pts for frame in frames] == stamps
    assert probe(tmp_path / "fetched.mp4").duration_s == pytest.approx((stamps[-1] + 2345) / 1000)
    assert {frame.picture.shape for frame in frames} == {(67, 101, 3)}
    shown = receiver.http.get(f"/v1/videos/{call.id}/keyframes/1").content
    assert cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR).shape == (32, 48, 3)


def test_two_transmissions_at_once_do_not_mix(receiver: Any, clip: Any, tmp_path: Any) -> None:
    one, other = receiver.open(), receiver.open()
    other.send(clip.header)
    for symbols in (clip.header, *clip.keyframes):
        one.send(symbols)
    for symbols in (*clip.keyframes[:2], clip.end):
        other.send(symbols)
    one.send(clip.end)
    assert other.finish().frames == one.finish().frames == 25
    assert receiver.final(one.id)["segments"] == {"received": 4, "regenerated": 3, "concealed": 0}
    assert receiver.final(other.id)["segments"] == {"received": 2, "regenerated": 1, "concealed": 1}
    listed = [video["id"] for video in receiver.http.get("/v1/videos").json()["videos"]]
    assert {one.id, other.id} <= set(listed)


def test_equal_transmissions_give_equal_videos(
    receiver: Any, clip: Any, sent: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = receiver.open()
    again.send_all(clip.bursts)
    again.finish()
    receiver.final(again.id)
    for number in range(len(clip.keyframes)):  # first what is stored without loss
        keyframes = [
            receiver.http.get(f"/v1/videos/{c.id}/keyframes/{number}").content for c in (sent, again)
        ]
        assert keyframes[0] == keyframes[1], number
    responses = [receiver.http.get(f"/v1/videos/{call.id}/content") for call in (sent, again)]
    one, other = (frames_of(response, tmp_path_factory.mktemp("video")) for response in responses)
    pairs = enumerate(zip(one, other, strict=True))
    assert [n for n, (a, b) in pairs if not np.array_equal(a.picture, b.picture)] == []
    assert responses[0].content == responses[1].content


def test_cancelling_leaves_a_truncated_video_that_plays(receiver: Any, clip: Any, tmp_path: Any) -> None:
    call = receiver.open()
    call.send_all([clip.header, *clip.keyframes[:2]])
    call.cancel()
    video = receiver.final(call.id)
    assert video["state"] == "TRUNCATED"
    assert video["error"]["code"] == "LINK_FAILED"
    assert "broke the transmission off" in video["error"]["detail"]
    assert video["frames_written"] == 9
    assert len(frames_of(receiver.http.get(f"/v1/videos/{call.id}/content"), tmp_path)) == 9


def test_metrics_count_what_was_received_and_lost(receiver: Any, sent: Any) -> None:
    assert receiver.metric("semvid_symbols_received_total") >= sent.symbols
    assert receiver.metric('semvid_videos_total{state="SUCCEEDED"}') >= 1
    assert receiver.metric("semvid_frames_written_total") >= 25


@pytest.fixture(scope="module")
def sound() -> list[bytes]:
    """0.84 s, the length of the clip, as bulk payloads of 0.2 s each."""
    encoder, pcm = OpusEncoder(16_000, 1, 20), tones(0.84)
    packets = [encoder.encode(pcm[at : at + 960]) for at in range(0, len(pcm) - 959, 960)]
    units = [SoundPackets(first, tuple(packets[first : first + 10])) for first in range(0, len(packets), 10)]
    return [sound_payload.pack(unit) for unit in units]


def with_sound_first(clip: Any, sound: list[bytes]) -> list[Any]:
    """The bursts of the clip; the sound is ahead of the pictures."""
    header = clip.burst(0, [clip.stream_header, SoundHeader(SoundCodec.OPUS, 20)])
    blocks = [clip.burst(6 + number, (), payload) for number, payload in enumerate(sound)]
    return [clip.bursts[0], header, *blocks, *clip.keyframes, clip.end]


@pytest.mark.parametrize("lost", [(), (1,), (0, 4)])
def test_lost_sound_is_made_up_and_said_and_pictures_do_not_mind(
    receiver: Any, clip: Any, sound: list[bytes], tmp_path: Any, lost: tuple[int, ...]
) -> None:
    call = receiver.open()
    for number, burst in enumerate(with_sound_first(clip, sound)):
        drowned = number - 2 in lost
        report = call.send(clip.noise(burst) if drowned else burst)
        assert report.control_decoded == (number > 0 and not drowned)
    assert call.finish().complete
    video = receiver.final(call.id)
    assert (video["state"], video["frames_written"]) == ("SUCCEEDED", 25)
    heard = video["sound"]
    packets_lost = sum(2 if number == 4 else 10 for number in lost)
    assert (heard["packets_received"], heard["packets_lost"]) == (42 - packets_lost, packets_lost)
    assert heard["concealed_s"] == pytest.approx(0.02 * packets_lost, abs=0.007)
    path = tmp_path / "fetched.mp4"
    path.write_bytes(receiver.http.get(f"/v1/videos/{call.id}/content").content)
    pcm, offset = sound_of(path)
    assert len(pcm) / 48_000 + offset == pytest.approx(25 * 1001 / 30_000, abs=0.025)
    kept = [at for at in (0.0, 0.5) if not any(0.2 * n <= at < 0.2 * (n + 1) for n in lost)]
    assert np.array(onsets(pcm)) + offset == pytest.approx(kept, abs=0.006)


def test_a_transmission_that_breaks_off_has_as_much_sound_as_picture(
    receiver: Any, clip: Any, sound: list[bytes], tmp_path: Any
) -> None:
    call = receiver.open()
    call.send_all(with_sound_first(clip, sound)[:-2])  # without the last keyframe and the end
    call.finish()
    video = receiver.final(call.id)
    assert (video["state"], video["frames_written"]) == ("TRUNCATED", 17)
    path = tmp_path / "fetched.mp4"
    path.write_bytes(receiver.http.get(f"/v1/videos/{call.id}/content").content)
    pcm, offset = sound_of(path)
    assert len(pcm) / 48_000 + offset == pytest.approx(17 * 1001 / 30_000, abs=0.025)
    assert video["sound"]["packets_lost"] == 0


def test_sound_without_its_header_leaves_a_silent_video(
    receiver: Any, clip: Any, sound: list[bytes], tmp_path: Any
) -> None:
    call = receiver.open()
    blocks = with_sound_first(clip, sound)
    call.send_all([blocks[0], clip.header, *blocks[2:]])
    assert call.finish().complete
    assert receiver.final(call.id)["sound"] is None
    path = tmp_path / "fetched.mp4"
    path.write_bytes(receiver.http.get(f"/v1/videos/{call.id}/content").content)
    assert probe_sound(path) is None
