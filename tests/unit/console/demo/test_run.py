from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from console.demo import run
from console.demo.report import Findings
from console.demo.run import run_demo, run_demos
from console.local_services import Addresses
from semvid import errors
from tests.synthetic_clip import write_clip

FRAMES = 12
OPTIONS = {"seed": 4, "channel": {"model": "awgn", "snr_db": 10.0}}


class Recorder:
    def begin(self, title: str) -> None:
        self.notices.append(title)

    def __init__(self) -> None:
        self.stages: list[tuple[str, float | None]] = []
        self.notices: list[str] = []

    def progress(self, stage: str, fraction: float | None, detail: str = "") -> None:
        self.stages.append((stage, fraction))

    def notice(self, text: str) -> None:
        self.notices.append(text)


class World:
    """Stands in for the three services: what was sent comes out unchanged."""

    def __init__(self, findings: Findings) -> None:
        self.transmission, self.video = findings.transmission, findings.video
        keyframes = [
            {"number": n, "frame": f, "time_s": f / 24, "reason": r, "bytes": 9}
            for n, (f, r) in enumerate(((0, "first"), (FRAMES - 1, "last")))
        ]
        self.semantics = {**findings.semantics, "keyframes": keyframes}
        self.segments = [
            {"first_frame": 0, "last_frame": FRAMES - 2, "provenance": "regenerated"},
            {"first_frame": FRAMES - 1, "last_frame": FRAMES - 1, "provenance": "received"},
        ]
        self.constellation_points, self.gain_rows = findings.constellation, findings.gains
        self.clip: Path | None = None
        self.options: dict[str, Any] = {}
        self.watch_error: Exception | None = None
        self.dead: Exception | None = None
        self.stopped = False
        self.started = 0
        self.cannot_start: Exception | None = None

    def check(self) -> None:
        if self.dead:
            raise self.dead

    def alive(self) -> bool:
        return self.dead is None

    @property
    def addresses(self) -> Addresses:
        return Addresses("http://t", "http://r", "c:1")

    @contextmanager
    def running(self, *_: Any) -> Iterator[World]:
        self.started += 1
        if self.started > 1:
            self.dead = None
        if self.cannot_start:
            raise self.cannot_start
        try:
            yield self
        finally:
            self.stopped = True

    def transmitter(world, _: str) -> Any:
        class Transmitter:
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None: ...

            def submit(self, clip: Path, options: dict[str, Any]) -> dict[str, Any]:
                world.clip, world.options = clip, options
                return {"id": "x"}

            def watch(self, _: str, update: Callable[[Any], None], notice: Any) -> dict[str, Any]:
                update({"stage": "sending", "progress": 0.5, "total_symbols": 7})
                if world.watch_error:
                    raise world.watch_error
                return world.transmission

            def semantics(self, _: str) -> dict[str, Any]:
                return world.semantics

        return Transmitter()

    def receiver(world, _: str) -> Any:
        class Receiver:
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None: ...

            def wait(self, _: str, update: Callable[[Any], None]) -> dict[str, Any]:
                update(world.video)
                return world.video

            def fetch(self, _: str, path: Path) -> None:
                assert world.clip is not None
                shutil.copy(world.clip, path)

            def segments(self, _: str) -> list[Any]:
                return world.segments

            def constellation(self, _: str) -> Any:
                return world.constellation_points

            def gains(self, _: str) -> Any:
                return world.gain_rows

        return Receiver()


@pytest.fixture
def world(
    make_findings: Callable[..., Findings],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    own = tmp_path_factory.mktemp("own") / "clip.mp4"
    write_clip(own, frames=FRAMES)
    world = World(make_findings())
    monkeypatch.setattr(run, "CLIP", own)
    monkeypatch.setattr(run, "running_services", world.running)
    monkeypatch.setattr(run, "TransmitterClient", world.transmitter)
    monkeypatch.setattr(run, "ReceiverClient", world.receiver)
    return world


def demo(out: Path, clip: Path | None = None, observer: Recorder | None = None) -> dict[str, Any]:
    return run_demo(clip or run.CLIP, out, OPTIONS, (), observer or Recorder())  # type: ignore[arg-type]


def test_a_demo_leaves_everything_it_promises(world: World, tmp_path: Path) -> None:
    observer = Recorder()
    report = demo(tmp_path / "deep" / "out", observer=observer)
    out = tmp_path / "deep" / "out"
    assert {p.name for p in out.iterdir()} == {
        "reconstruction.mp4", "side_by_side.mp4", "report.json", "report.html", "frames.csv",
    }  # fmt: skip
    assert json.loads((out / "report.json").read_text()) == report
    assert (report["frames_in"], report["frames_out"], report["psnr_db"]) == (FRAMES, FRAMES, 100.0)
    assert world.clip == run.CLIP
    assert world.options == OPTIONS
    assert report["channel"] == OPTIONS["channel"]
    assert "Udacity" in (out / "report.html").read_text()
    assert world.stopped
    ended = {stage for stage, fraction in observer.stages if fraction == 1.0}
    assert ended == {
        "starting the services",
        "transmitting",
        "regenerating",
        "measuring",
    }


def test_services_are_stopped_when_the_transmission_fails(world: World, tmp_path: Path) -> None:
    world.watch_error = errors.TransmissionFailed("transmitter: the header never arrived")
    with pytest.raises(errors.TransmissionFailed, match="header"):
        demo(tmp_path)
    assert world.stopped


def test_a_dead_service_explains_a_lost_connection(world: World, tmp_path: Path) -> None:
    world.watch_error = errors.LinkFailed("connection refused")
    world.dead = errors.LinkFailed("transmitter: the service ended with status -9")
    with pytest.raises(errors.LinkFailed, match="status -9"):
        demo(tmp_path)


def test_nothing_received_is_a_failed_transmission(world: World, tmp_path: Path) -> None:
    world.video = {"state": "FAILED", "error": {"detail": "no keyframe arrived"}}
    with pytest.raises(errors.TransmissionFailed, match="no keyframe arrived"):
        demo(tmp_path)


def test_a_missing_clip_is_refused_before_anything_starts(world: World, tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidInput, match="gone"):
        demo(tmp_path, tmp_path / "gone.mp4")
    assert not world.stopped


def test_an_output_folder_that_is_a_file_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.InvalidInput, match="output folder"):
        demo(tmp_path / "file")


def _several(world: World, folder: Path, *names: str) -> list[Any]:
    """Demos of copies of the clip under ``names``; ``kills.mp4`` costs a service its life."""
    clips = [folder / name for name in names]
    for clip in clips:
        if clip.name != "gone.mp4":
            shutil.copy(run.CLIP, clip)
    check = world.check

    def killed() -> None:
        if world.clip is not None and world.clip.name == "kills.mp4":
            world.dead = errors.LinkFailed("receiver: the service ended with status -9")
        check()

    world.check = killed  # type: ignore[method-assign]
    return run_demos(clips, folder / "out", OPTIONS, (), Recorder())  # type: ignore[arg-type]


def test_several_clips_have_a_folder_each_and_one_set_of_services(world: World, tmp_path: Path) -> None:
    outcomes = _several(world, tmp_path, "a.mp4", "gone.mp4", "b.mp4")
    assert [outcome.state for outcome in outcomes] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert "gone.mp4" in outcomes[1].error
    assert world.started == 1
    for name in ("a", "b"):
        report = json.loads((tmp_path / "out" / name / "report.json").read_text())
        assert report["clip"] == f"{name}.mp4"
        assert (tmp_path / "out" / name / "report.html").is_file()
    table = list(csv.DictReader((tmp_path / "out" / "summary.csv").open()))
    assert [row["frames"] for row in table] == [str(FRAMES), "", str(FRAMES)]
    assert [row["psnr_db"] for row in table] == ["100.0", "", "100.0"]


def test_other_services_are_started_where_one_died(world: World, tmp_path: Path) -> None:
    outcomes = _several(world, tmp_path, "a.mp4", "kills.mp4", "b.mp4")
    assert [outcome.state for outcome in outcomes] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert "status -9" in outcomes[1].error
    assert world.started == 2


def test_where_no_services_can_be_started_every_clip_says_so(world: World, tmp_path: Path) -> None:
    world.cannot_start = errors.LinkFailed("receiver: the service was not ready within 120 s")
    outcomes = _several(world, tmp_path, "a.mp4", "b.mp4")
    assert [(outcome.state, outcome.error) for outcome in outcomes] == [
        ("FAILED", "receiver: the service was not ready within 120 s")
    ] * 2
    assert world.started == 1


@pytest.mark.parametrize("fails", ["clip", "transmission"])
def test_a_failed_demo_leaves_no_older_report(fails: str, world: World, tmp_path: Path) -> None:
    demo(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    world.watch_error = errors.TransmissionFailed("transmitter: the header never arrived")
    with pytest.raises(errors.SemvidError):
        demo(tmp_path, tmp_path / "gone.mp4" if fails == "clip" else None)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
