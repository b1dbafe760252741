"""The look at the door: what it finds, what it costs at most, and that nothing but a sentence comes of it."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import semvid
from semvid.errors import InvalidInput, LimitExceeded, SemvidError, UnsupportedMedia
from semvid.video.examination import _PROGRAM, ExaminationBounds, examine_apart
from semvid.video.limits import VideoLimits
from semvid.video.looks import examine
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from tests.unit.video.patches import write_patches

LIMITS = VideoLimits()
ROOT = Path(semvid.__file__).parents[1]


def test_it_says_what_the_probe_says(clip):
    for path in (clip("a.mkv", rate=Fraction(30000, 1001)), clip("a.ts", options={"bf": "2"}), clip("a.avi")):
        assert examine_apart(path, LIMITS) == examine(path, LIMITS) == probe(path)


def test_it_refuses_with_the_same_sentence(clip, tmp_path):
    broken = clip("a.mp4", frames=20)
    broken.write_bytes(broken.read_bytes()[:-500])
    (tmp_path / "text.mp4").write_text("ffconcat version 1.0\n")
    whole = clip("b.mp4", frames=50)
    for path, limits in (
        (broken, LIMITS),
        (tmp_path / "text.mp4", LIMITS),
        (tmp_path / "missing.mp4", LIMITS),
        (whole, replace(LIMITS, max_frames=40)),
        (whole, replace(LIMITS, max_duration_s=1.5)),
        (whole, replace(LIMITS, max_pixels=1000)),
    ):
        with pytest.raises(InvalidInput) as here:
            examine(path, limits)
        with pytest.raises(InvalidInput) as apart:
            examine_apart(path, limits)
        assert (type(apart.value), str(apart.value)) == (type(here.value), str(here.value))


def examiner(code: str) -> list[str]:
    """The program, with ``code`` in the place of the look."""
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import ctypes, os, time, semvid.video.looks as looks\n"
        f"def examine(*_):\n    {code}\n"
        "looks.examine = examine\nfrom semvid.video.examiner import main\nmain()",
    ]


@pytest.mark.parametrize(
    ("code", "bounds", "kind", "sentence"),
    [
        ("ctypes.string_at(0)", {}, UnsupportedMedia, "decoder crashes on the video .SIGSEGV"),
        ("os.abort()", {}, UnsupportedMedia, "decoder crashes on the video .SIGABRT"),
        ("os.kill(os.getpid(), 9)", {}, LimitExceeded, "want of memory"),
        ("bytearray(2**31)", {}, LimitExceeded, "more than 512 MiB of memory"),
        ("[bytearray(2**20) for _ in iter(int, 1)]", {}, LimitExceeded, "more than 512 MiB of memory"),
        ("while True: pass", {"cpu_s": 1}, LimitExceeded, "more than 1 s of processor time"),
        ("time.sleep(60)", {"wall_s": 0.7}, LimitExceeded, "more than 0.7 s, which is the limit"),
        (f"import signal; signal.signal({int(signal.SIGALRM)}, signal.SIG_IGN); time.sleep(60)",
         {"wall_s": 0.7}, LimitExceeded, "more than 0.7 s, which is the limit"),
        ("open('made', 'wb').truncate(2**25); return 7", {}, SemvidError, "failed with status 1"),
        ("raise ValueError('ours')", {}, SemvidError, "failed with status 1"),
    ],
)  # fmt: skip
def test_whatever_a_decoder_does_one_sentence_comes_of_it(
    clip, tmp_path, monkeypatch, code, bounds, kind, sentence
):
    monkeypatch.chdir(tmp_path)
    bound = ExaminationBounds(**{"memory_bytes": 2**29, "cpu_s": 20, "wall_s": 30.0, **bounds})
    started = time.monotonic()
    with pytest.raises(SemvidError, match=sentence) as refusal:
        examine_apart(clip("a.mp4"), LIMITS, bound, examiner(code))
    assert type(refusal.value) is kind
    assert time.monotonic() - started < 20
    made = tmp_path / "made"
    assert not made.exists() or not made.stat().st_size


@pytest.mark.parametrize(
    "answer", ["", "x", "[]", '{"refused": "?", "detail": ""}', '{"source": 1}', "[" * 9**5]
)
def test_an_answer_that_makes_no_sense_is_no_source(clip, answer):
    program = [sys.executable, "-c", f"print({answer!r}, end='')"]
    with pytest.raises(SemvidError, match=r"failed with status 0"):
        examine_apart(clip("a.mp4"), LIMITS, program=program)


def test_large_pictures_need_the_memory_that_they_need(clip):
    picture = np.zeros((2304, 4096, 3), np.uint8)
    path = clip(
        "a.mkv",
        codec="ffv1",
        pixel_format="gbrp16le",
        width=4096,
        height=2304,
        frames=1,
        pictures=[picture],
    )
    assert examine_apart(path, LIMITS).width == 4096
    with pytest.raises(LimitExceeded, match="260 MiB of memory, which is the limit"):
        examine_apart(path, LIMITS, ExaminationBounds(260 * 2**20))


def test_tighter_bounds_of_the_service_itself_hold(clip):
    """A service that was started under ulimit -v cannot give its children more."""
    lower = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({400 * 2**20},) * 2); "
    program = [*_PROGRAM[:-1], lower + _PROGRAM[-1]]
    assert examine_apart(clip("a.mp4"), LIMITS, program=program).width == 64


def joined(path, *parts):
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@pytest.mark.parametrize(("first", "second"), [(95, 5), (60, 40), (12, 88)])
def test_another_size_near_the_end_is_refused_at_the_door(clip, tmp_path, first, second):
    options = {"bf": "0", "g": "10"}
    small = clip("a.ts", frames=first, options=options)
    stamps = list(range(first, first + second))
    large = clip("b.ts", frames=second, width=96, options=options, stamps=stamps, time_base=Fraction(1, 25))
    path = joined(tmp_path / "c.ts", small, large)
    assert probe(path).frame_count_hint == 100
    with pytest.raises(UnsupportedMedia, match="from 64x48 to 96x48"):
        examine(path, LIMITS)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_another_size_for_a_moment_is_found_by_its_parameters(clip, tmp_path, codec):
    """Between the places that are looked at anyway."""
    parts = []
    for number, (first, last, width) in enumerate(((0, 150, 64), (155, 165, 96), (170, 320, 64))):
        parts.append(
            clip(
                f"{number}.ts",
                codec=codec,
                frames=last - first,
                width=width,
                stamps=list(range(first, last)),
                time_base=Fraction(1, 25),
                options={"bf": "0", "g": "10", "x265-params": "keyint=10:bframes=0:log-level=none:pools=1"},
            )
        )
    path = joined(tmp_path / "c.ts", *parts)
    assert probe(path).frame_count_hint == 310
    with pytest.raises(UnsupportedMedia, match=r"from 64x48 to 96x48 6\.\d s after the beginning"):
        examine(path, LIMITS)


def damaged(path, packets):
    """Overwrites packets with what is no picture."""
    with av.open(str(path)) as container:
        pictures = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    data = path.read_bytes()
    for picture in pictures[packets]:
        assert picture in data
        data = data.replace(picture, b"\xff" * len(picture))
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["a.mkv", "a.mov", "a.avi"])
def test_what_hardly_decodes_is_refused_and_a_damaged_end_is_not(clip, noise, name):
    def made():
        return clip(name, codec="mjpeg", pixel_format="yuvj420p", frames=30, pictures=noise(30))

    path = made()
    damaged(path, slice(4, None))
    with pytest.raises(UnsupportedMedia, match=r"nothing can be decoded at 7 of 7 places.*0\.2 s after"):
        examine(path, LIMITS)
    path = made()
    damaged(path, slice(25, None))
    info = examine(path, LIMITS)
    assert (info.frame_count_hint, info.duration_s) == (30, pytest.approx(1.2))
    assert sum(1 for _ in read_frames(path, info)) == 25


def test_what_cannot_be_searched_is_read_up_to_the_place(clip, noise, tmp_path):
    """A transport stream has no index, an Ogg of another order; the look never refuses for that."""
    for name, codec in (
        ("a.ts", "libx264"),
        ("a.mpg", "mpeg2video"),
        ("a.flv", "flv"),
        ("a.y4m", "rawvideo"),
    ):
        path = clip(name, codec=codec, frames=60, pictures=noise(60), options={"g": "12", "b": "4M"})
        assert examine(path, LIMITS).frame_count_hint == 60


def test_the_look_is_quick(clip):
    path = clip("a.mp4", frames=300)
    started = time.process_time()
    examine(path, LIMITS)
    assert time.process_time() - started < 2


def test_what_is_compiled_for_the_first_source_of_its_colours_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that is new, the look at an HLG source compiles; it may write that."""
    cache = tmp_path / "compiled"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(cache))
    path = write_patches(tmp_path / "hlg.mp4", [(0.5, 0.5, 0.5)], (9, 9, 18, 1), frames=2, codec="libx264")
    assert examine_apart(path, LIMITS).frame_count_hint == 2
    assert any(cache.rglob("*.nbi"))
