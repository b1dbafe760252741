"""The external decoder, with a real program in a process of its own."""

from __future__ import annotations

import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.decoders.command.decoder import CommandDecoder
from receiver.decoders.command.template import CommandOptions, parse_template
from receiver.decoders.decoder import SegmentRequest
from semvid.errors import Cancelled, InvalidInput, SemvidError
from semvid.profile import Given

PROGRAM = Path(__file__).parents[4] / "programs" / "bridge.py"
PROGRAM_LINE = f"{shlex.quote(sys.executable)} {shlex.quote(str(PROGRAM))}"
PLAIN = f"{PROGRAM_LINE} {{start}} {{end}}"
TO_FILE = f"{PLAIN} {{output}} {{frames}}"
DARK, BRIGHT = np.full((48, 64, 3), 40, np.uint8), np.full((48, 64, 3), 200, np.uint8)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the decoder's temporary folders go, so that a test can see what is left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def request(
    count: int, caption: str = "", start: np.ndarray | None = DARK, end: np.ndarray | None = BRIGHT
) -> SegmentRequest:
    return SegmentRequest(start, end, 64, 48, caption, None, count, 24.0, 7)


def generate(
    template: str,
    count: int,
    caption: str = "",
    cancelled: Callable[[], bool] = lambda: False,
    told: list[float] | None = None,
) -> list[np.ndarray]:
    progress: Any = (lambda share: None) if told is None else told.append
    return list(CommandDecoder(template).generate(request(count, caption), progress, cancelled))


def levels(frames: list[np.ndarray]) -> list[float]:
    return [float(frame.mean()) for frame in frames]


@pytest.mark.parametrize(
    ("options", "count"),
    [("", 1), ("", 7), ("frame_grid=4 ", 6), ("frame_grid=4 max_frames=9 ", 30), ("size=96x32 ", 3)],
)
def test_any_gap_comes_back_with_exactly_its_frames(temporary: Path, options: str, count: int) -> None:
    told: list[float] = []
    frames = generate(options + TO_FILE, count, told=told)
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * count
    expected = [40 + 160 * place / (count + 1) for place in range(1, count + 1)]
    step = 160 / (min(count + 1, 8) if "max_frames" in options else count + 1)
    assert levels(frames) == pytest.approx(expected, abs=step / 2 + 3)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert list(temporary.iterdir()) == []


def test_a_program_may_go_on_from_a_first_frame_or_draw_from_the_caption() -> None:
    calls: Any = (lambda share: None, lambda: False)
    going_on = CommandDecoder(
        f"{PROGRAM_LINE} draw {{output}} {{frames}} {{width}}x{{height}} {{caption}} {{start}}"
    )
    assert going_on.profile.draws_from == {Given.FIRST_FRAME}
    frames = list(going_on.generate(request(5, "a red ball", BRIGHT, None), *calls))
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 5
    assert levels(frames) == pytest.approx([200 - 16 * place for place in range(1, 6)], abs=4)
    drawing = CommandDecoder(f"{PROGRAM_LINE} draw {{output}} {{frames}} {{width}}x{{height}} {{caption}}")
    assert drawing.profile.draws_from == {Given.NOTHING}
    frames = list(drawing.generate(request(5, "a red ball", None, None), *calls))
    assert levels(frames) == pytest.approx([120 - 16 * place for place in range(5)], abs=4)
    assert len(list(drawing.generate(request(1, "a", None, None), *calls))) == 1
    with pytest.raises(InvalidInput, match=r"command was asked to draw from both_ends.*from nothing"):
        next(drawing.generate(request(1), *calls))


@pytest.mark.parametrize("given_frames", [2, 5, 40])
def test_another_length_than_asked_for_is_resampled(given_frames: int) -> None:
    frames = generate(f"{TO_FILE} length {given_frames}", 11)
    assert len(frames) == 11
    assert levels(frames) == sorted(levels(frames))
    assert levels(frames)[5] == pytest.approx(120, abs=90 if given_frames == 2 else 25)


def test_placeholders_stay_inside_their_arguments(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    tail = """{caption} {seed} {width}x{height} fps={fps} '{caption_file}' '{"a": 1}'"""
    with pytest.raises(InvalidInput, match="no program"):
        CommandDecoder(f"/no/such/program {TO_FILE}")
    caption = 'a "red" ball; rm -rf / $(id)\n--seed 9 {frames}\x07'
    generate(f"frame_grid=4 {TO_FILE} arguments {seen} {tail}", 6, caption)
    frames, sentence, seed, size, fps, file, literal = seen.read_text().split("\n")
    assert frames == "9"
    assert sentence == "a 'red' ball; rm -rf / $(id) --seed 9 {frames}"
    assert (seed, size, literal) == ("7", "64x48", '{"a": 1}')
    assert fps == "fps=27"  # 24 frames/s, 8 steps where the video has 7
    assert not Path(file).exists()


def test_a_program_that_chooses_its_own_file_name(temporary: Path) -> None:
    frames = generate(f"{PLAIN} {{output_dir}} {{frames}} folder", 3)
    assert levels(frames) == pytest.approx([80, 120, 160], abs=3)


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("fail", "bridge.py|python.*ended with status 1.*CUDA out of memory"),
        ("garbage", "cannot be used"),
        ("nothing", "left not one video file: none"),
        ("length 1", "left 1 frame where 5 were asked for"),
    ],
)
def test_what_goes_wrong_is_one_message(temporary: Path, behaviour: str, message: str) -> None:
    with pytest.raises(SemvidError, match=message):
        generate(f"{TO_FILE} {behaviour}", 3)
    assert list(temporary.iterdir()) == []


def child_of(note: Path) -> int:
    deadline = time.monotonic() + 30
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(note.read_text())


def gone(pid: int, within_s: float = 5.0) -> bool:
    """Whether a process ends soon: a signal that was sent takes its time on a busy machine."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_a_program_that_hangs_is_stopped_with_its_children(tmp_path: Path, temporary: Path) -> None:
    note = tmp_path / "child"
    with pytest.raises(SemvidError, match=r"stopped after 6 s; raise timeout_s.*step 1 of 50"):
        generate(f"timeout_s=6 {TO_FILE} hang {note}", 3)
    assert gone(child_of(note))
    assert list(temporary.iterdir()) == []


def test_cancelling_stops_the_program_and_those_that_wait_for_it(tmp_path: Path, temporary: Path) -> None:
    note = tmp_path / "child"
    decoder = CommandDecoder(f"{TO_FILE} hang {note}")
    stop = threading.Event()
    caught: list[BaseException] = []

    def work() -> None:
        try:
            list(decoder.generate(request(3), lambda share: None, stop.is_set))
        except BaseException as error:
            caught.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    child = child_of(note)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert [type(error) for error in caught] == [Cancelled] * 2
    assert gone(child)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("", "needs a command line"),
        ("frame_grid=4", "needs a command line"),
        ("python 'unclosed {start}", "cannot be split"),
        ("python {start} {end} {prompt} {output}", r"no placeholder \{prompt\}"),
        ("python {start} {end}", "either {output}"),
        ("python {start} {end} {output} {output_dir}", "either {output}"),
        ("python {end} {output}", "{end} needs {start}"),
        ("python {output} {frames}", "nothing to draw from"),
        ("steps=4 python {start} {end} {output}", "option steps=4: .*; options are timeout_s, cwd"),
        ("frame_grid=x python {start} {end} {output}", "option frame_grid=x: .*integer"),
        ("timeout_s=0 python {start} {end} {output}", "option timeout_s=0: .*greater than 0"),
        ("size=9 python {start} {end} {output}", "WIDTHxHEIGHT"),
        ("max_frames=4 frame_grid=4 python {start} {end} {output}", "max_frames must be at least"),
        ("cwd=/no/folder python {start} {end} {output}", "is no folder"),
    ],
)
def test_a_wrong_template_is_refused_at_the_start(template: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_template(template)


def test_what_it_announces_comes_from_its_options() -> None:
    decoder = CommandDecoder(f"frame_grid=4 size_grid=16 longest_gap_s=5.3 {TO_FILE} {{caption}}")
    profile = decoder.profile
    assert (profile.name, profile.longest_gap_s, profile.closed_loop) == ("command", 5.3, False)
    assert decoder.uses_captions
    assert not CommandDecoder(TO_FILE).uses_captions


@given(st.integers(1, 3000), st.sampled_from([1, 4, 8]), st.integers(9, 257))
def test_lengths_asked_for_lie_on_the_grid_and_under_the_limit(gap: int, grid: int, most: int) -> None:
    frames = CommandOptions(frame_grid=grid, max_frames=most).frames_for(gap)
    assert (frames - 1) % grid == 0
    assert 2 <= frames <= most
    assert frames >= gap + 1 or frames + grid > most
