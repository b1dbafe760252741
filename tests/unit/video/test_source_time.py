"""Time is the source's: it begins at 0, pauses stay, the last frame is held, and what is lost is counted."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

MS = Fraction(1, 1000)
B_FRAMES = {"bf": "3", "b-adapt": "0", "sc_threshold": "0"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof+frag_discont"}


def write(path, stamps, hold, *, options=None, container_options=None, codec="libx264"):
    """A clip whose packets state how long their frames last; time in milliseconds."""
    lasts = dict(zip(stamps, [*(b - a for a, b in pairwise(stamps)), hold], strict=True))
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", container_options=container_options) as container:
        stream = container.add_stream(codec, rate=25, options={"threads": "1", **(options or {})})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = MS

        def mux(packets):
            for packet in packets:
                stamp = round(packet.pts * packet.time_base / MS)
                packet.duration = round(lasts[stamp] * MS / packet.time_base)
                container.mux_one(packet)

        for stamp in stamps:
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 255, (48, 64, 3), np.uint8))
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = stamp, MS
            mux(stream.encode(frame))
        mux(stream.encode(None))
    return path


def shown(path):
    """What the probe says, and the times of all frames in milliseconds."""
    info = probe(path)
    return info, [frame.pts * info.time_base * 1000 for frame in read_frames(path, info)]


REGULAR = [40 * n for n in range(12)]
PAUSE = [0, 40, 80, 120, 5000, 5040, 5080]


@pytest.mark.parametrize(
    ("name", "first_ms", "options"),
    [
        ("seconds.ts", 7_000, B_FRAMES),
        ("hour.ts", 3_600_000, {"bf": "0"}),
        ("hour.mkv", 3_723_004, {"bf": "0"}),
        ("day.mp4", 90_000_000, B_FRAMES),
        ("month.mkv", 2_592_000_000, {"bf": "0"}),
    ],
)
def test_time_begins_at_zero_whatever_the_first_stamp(tmp_path, name, first_ms, options):
    stamps = [first_ms + stamp for stamp in PAUSE]
    info, times = shown(write(tmp_path / name, stamps, 40, options=options))
    assert times == PAUSE
    assert info.first_stamp_s == pytest.approx(first_ms / 1000, abs=0.001)
    assert info.duration_s == pytest.approx(5.12)


@pytest.mark.parametrize("first_ms", [2_500, 4_000_000, 100_000_000])
def test_a_piece_of_a_fragmented_file_begins_at_zero(tmp_path, first_ms):
    writer = VideoWriter(tmp_path / "piece.mp4", 64, 48, MS)
    for stamp in PAUSE:
        writer.append(np.full((48, 64, 3), 90, np.uint8), first_ms + stamp)
    writer.abort()
    info, times = shown(writer.path)
    assert times == PAUSE
    assert (info.first_stamp_s, info.duration_s) == (first_ms / 1000, 5.12)


@pytest.mark.parametrize(
    ("name", "options", "container_options"),
    [
        ("a.mp4", {"bf": "0"}, None),
        ("reordered.mp4", B_FRAMES, None),  # its samples do not say it, its track does
        ("fragments.mp4", {"bf": "0"}, FRAGMENTS),
        ("a.mov", {"bf": "0"}, None),
        ("a.mkv", {"bf": "0"}, None),
        ("reordered.mkv", B_FRAMES, None),
    ],
)
@pytest.mark.parametrize("stamps", [REGULAR, PAUSE], ids=["regular", "pause"])
@pytest.mark.parametrize("hold", [40, 4321])
def test_the_last_frame_is_held_as_long_as_the_file_says(
    tmp_path, name, options, container_options, stamps, hold
):
    info, times = shown(
        write(tmp_path / name, stamps, hold, options=options, container_options=container_options)
    )
    assert times == stamps
    assert info.duration_s == pytest.approx((stamps[-1] + hold) / 1000, abs=0.0011)


def test_vp9_holds_its_last_frame_too(tmp_path):
    info, _ = shown(write(tmp_path / "a.webm", REGULAR, 3000, codec="libvpx-vp9"))
    assert info.duration_s == pytest.approx(3.44)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_damage_in_the_middle_is_left_out_and_its_time_is_kept(clip, noise, name):
    path = clip(name, codec="mjpeg", pixel_format="yuvj420p", frames=20, pictures=noise(20))
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for position, size in places[10:13]:
        data[position + 8 : position + size] = bytes(size - 8)
    path.write_bytes(data)
    info, times = shown(path)
    assert info.frame_count_hint == 20
    assert times == [40 * n for n in range(20) if n not in (10, 11, 12)]
    assert info.duration_s == pytest.approx(0.8)


HEVC = "keyint=40:min-keyint=40:scenecut=0:log-level=none:pools=1:frame-threads=1"
FIXED_B_FRAMES = {"bf": "3", "g": "40", "x264-params": "b-adapt=0"}


def broadcast(path, frames, rate, lost, codec="libx265", options=None):
    """A transport stream without the packets at ``lost`` percent of those with pictures."""
    rng = np.random.default_rng(1)
    wide = np.repeat(np.repeat(rng.integers(0, 255, (48, 96, 3), np.uint8), 4, 0), 4, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {"x265-params": HEVC})
        stream.width, stream.height, stream.pix_fmt = 256, 192, "yuv420p"
        for number in range(frames):
            picture = np.ascontiguousarray(wide[:, number : number + 256])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode(None))
    data = path.read_bytes()
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    ours = [n for n, packet in enumerate(packets) if (packet[1] & 31) << 8 | packet[2] == 0x100]
    gone = set(ours[len(ours) * lost.start // 100 : len(ours) * lost.stop // 100])
    path.write_bytes(b"".join(packet for n, packet in enumerate(packets) if n not in gone))
    return path


@pytest.mark.parametrize(
    ("codec", "options", "lost", "untimed"),
    [
        ("libx264", FIXED_B_FRAMES, range(30, 42), 1),
        ("libx264", {"bf": "0", "g": "25"}, range(50, 70), 0),
        ("libx264", {"bf": "2", "g": "30", "flags": "+ildct+ilme"}, range(40, 55), 0),
        ("mpeg2video", {"bf": "2", "g": "12", "b": "3M"}, range(35, 50), 0),
    ],
)
def test_a_broadcast_that_lost_packets_keeps_its_time(tmp_path, codec, options, lost, untimed):
    """What is left of two pictures may come as one packet, and without a time: ``untimed`` of them."""
    path = broadcast(tmp_path / "a.ts", 90, 25, lost, codec, options)
    with av.open(str(path)) as container:
        stamps = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert stamps.count(None) == untimed
    info, times = shown(path)
    assert len(times) <= info.frame_count_hint < 90
    assert info.duration_s == pytest.approx(3.6)
    assert {time / 40 for time in times} <= set(range(90))
    assert times[-1] == 89 * 40


@pytest.mark.parametrize(("lost", "frames", "rate"), [(range(30, 40), 80, 25), (range(50, 75), 90, 30)])
def test_packets_that_a_broadcast_lost_are_counted_as_frames_that_do_not_decode(tmp_path, lost, frames, rate):
    path = broadcast(tmp_path / "a.ts", frames, rate, lost)
    info, times = shown(path)
    assert 0 < len(times) < info.frame_count_hint <= frames
    assert info.duration_s == pytest.approx(frames / rate)
    step = Fraction(1000, rate)
    assert {time / step for time in times} <= set(range(frames))
    assert times[-1] == (frames - 1) * step
