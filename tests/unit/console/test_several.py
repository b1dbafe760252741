from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.send import send_several
from console.several import COLUMNS, Outcome, Several
from semvid.client import TransmitterClient
from semvid.errors import Busy, InvalidInput, LinkFailed


class Silent:
    def __init__(self) -> None:
        self.titles: list[str] = []

    def begin(self, title: str) -> None:
        self.titles.append(title)

    def progress(self, *_: Any) -> None: ...

    def notice(self, text: str) -> None: ...


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "summary.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_failure_ends_nothing_and_every_row_is_written_at_once(tmp_path: Path) -> None:
    clips = [Path("a.mp4"), Path("b.mp4"), Path("c.mp4"), Path("d, e.mp4")]

    def carry_out(clip: Path, folder: Path, outcome: Outcome) -> None:
        assert [row["file"] for row in _rows(tmp_path)] == [str(c) for c in clips[: clips.index(clip)]]
        assert folder.is_dir()
        if clip.name == "b.mp4":
            raise InvalidInput("clip: two\nlines")
        if clip.name == "c.mp4":
            raise OSError(28, "No space left on device", "out/x")
        outcome.state, outcome.values = "SUCCEEDED", {"frames": 9, "psnr_db": None, "ssim": 0.5}

    observer = Silent()
    with Several(clips, tmp_path, observer) as several:  # type: ignore[arg-type]
        while several.waiting:
            several.take(carry_out)
    rows = _rows(tmp_path)
    assert tuple(rows[0]) == COLUMNS
    assert [row["state"] for row in rows] == ["SUCCEEDED", "FAILED", "FAILED", "SUCCEEDED"]
    assert [row["error"] for row in rows[1:3]] == ["clip: two lines", "out/x: No space left on device"]
    assert (rows[3]["file"], rows[3]["frames"], rows[3]["psnr_db"], rows[3]["ssim"]) == (
        "d, e.mp4",
        "9",
        "",
        "0.5",
    )
    assert observer.titles[-1] == "4 of 4: d, e.mp4"
    assert several.outcomes[1].to_json("report") == {
        "file": "b.mp4",
        "folder": "b",
        "state": "FAILED",
        "error": "clip: two\nlines",
        "report": None,
    }


def test_those_that_wait_can_be_given_up(tmp_path: Path) -> None:
    with Several([Path("a.mp4"), Path("b.mp4")], tmp_path, Silent()) as several:  # type: ignore[arg-type]
        several.give_up(LinkFailed("receiver: the service ended"))
    assert [row["error"] for row in _rows(tmp_path)] == ["receiver: the service ended"] * 2


@pytest.mark.parametrize("refused", [Busy, InvalidInput])
def test_several_files_to_a_transmitter(refused: type[Busy | InvalidInput], tmp_path: Path) -> None:
    done = {
        "id": "x",
        "state": "SUCCEEDED",
        "source": {"width": 64, "height": 48, "duration_s": 1.5, "remarks": []},
        "options": {"channel": None},
        "frames": 36,
        "total_symbols": 700,
        "cbr": 1e-4,
        "realised_snr_db": 9.5,
        "keyframes": 3,
    }

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            if b"second" in request.read():
                problem = {"status": refused.http_status, "code": refused.code, "detail": "no"}
                return httpx.Response(refused.http_status, json=problem)
            return httpx.Response(202, json={"id": "x"})
        if request.url.path.endswith("/events"):
            return httpx.Response(404)
        return httpx.Response(200, json=done)

    clips = [tmp_path / f"{name}.mp4" for name in ("first", "second", "third")]
    for clip in clips:
        clip.write_bytes(clip.stem.encode())
    clips.append(tmp_path / "gone.mp4")
    out = tmp_path / "out"
    with TransmitterClient("http://transmitter", httpx.MockTransport(answer)) as client:
        outcomes = send_several(client, clips, out, {}, Silent())  # type: ignore[arg-type]
    assert [outcome.state for outcome in outcomes] == ["SUCCEEDED", "FAILED", "SUCCEEDED", "FAILED"]
    rows = _rows(out)
    assert rows[1]["error"] == "transmitter: no"
    assert "gone.mp4" in rows[3]["error"]
    assert (rows[2]["symbols"], rows[2]["cbr"], rows[2]["snr_db"], rows[2]["duration_s"]) == (
        "700",
        "0.0001",
        "",
        "1.5",
    )
    assert (out / "third" / "transmission.json").is_file()
    assert not list((out / "second").iterdir())
