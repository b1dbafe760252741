"""What the transmitter serves to browsers, and under which headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from transmitter.app import create_app
from transmitter.page import FOLDER
from transmitter.settings import TransmitterSettings

ID = "0123456789abcdef"
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(range(200))


def app(folder: Path, **settings: Any) -> TestClient:
    chosen = TransmitterSettings.load(
        data_dir=folder, receiver_url="http://receiver.example:8082/x", **settings
    )
    return TestClient(create_app(chosen), "http://localhost", raise_server_exceptions=False)


def test_the_page_and_its_files_come_with_a_policy_that_lets_nothing_else_in(tmp_path: Path) -> None:
    http = app(tmp_path)
    names = [path.name for path in FOLDER.iterdir() if path.suffix in {".js", ".css", ".svg", ".html"}]
    assert len(names) > 10
    for path in ["/", *(f"/page/{name}" for name in names)]:
        answer = http.get(path)
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["connect-src"] == "'self' http://receiver.example:8082"
        assert policy["media-src"] == "'self' http://receiver.example:8082 blob:"
        assert policy["frame-ancestors"] == "'none'"
    assert http.get("/").headers["content-type"].startswith("text/html")
    assert http.get("/page/main.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("name", ["__init__.py", "nothing.js", "%2e%2e%2fapp.py", "..%2fapp.py", "x" * 300])
def test_nothing_but_the_page_is_served(tmp_path: Path, name: str) -> None:
    answer = app(tmp_path).get(f"/page/{name}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def finished(folder: Path, upload: bytes | None, state: str = "SUCCEEDED") -> None:
    """A record as an earlier process left it."""
    job = folder / ID
    job.mkdir()
    record = {
        "id": ID, "state": state, "stage": "done", "progress": 1.0, "created_at": "2026-01-01T00:00:00",
        "error": None, "options": {},
        "source": {
            "width": 1, "height": 1, "frame_rate": 1.0, "duration_s": 1.0, "frames": 1, "codec": "h264",
        },
    }  # fmt: skip
    (job / "job.json").write_text(json.dumps(record))
    if upload is not None:
        (job / "upload").write_bytes(upload)


def test_the_source_is_served_with_ranges_and_never_as_a_page(tmp_path: Path) -> None:
    finished(tmp_path, MP4)
    with app(tmp_path) as http:
        whole = http.get(f"/v1/transmissions/{ID}/source")
        part = http.get(f"/v1/transmissions/{ID}/source", headers={"Range": "bytes=4-11"})
        beyond = http.get(f"/v1/transmissions/{ID}/source", headers={"Range": "bytes=9000-"})
        head = http.head(f"/v1/transmissions/{ID}/source")
    assert (whole.status_code, whole.content) == (200, MP4)
    assert whole.headers["content-type"] == "video/mp4"
    for answer in (whole, part, head):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
    assert (part.status_code, part.content) == (206, b"ftypisom")
    assert part.headers["content-range"] == f"bytes 4-11/{len(MP4)}"
    assert beyond.status_code == 416
    assert head.headers["content-length"] == str(len(MP4))


@pytest.mark.parametrize(
    ("upload", "kind"),
    [(b"\x1a\x45\xdf\xa3" + bytes(20), "video/x-matroska"), (b"<html><script>", "application/octet-stream")],
)
def test_the_media_type_is_never_one_that_runs(tmp_path: Path, upload: bytes, kind: str) -> None:
    finished(tmp_path, upload)
    with app(tmp_path) as http:
        assert http.get(f"/v1/transmissions/{ID}/source").headers["content-type"] == kind


def test_a_source_that_is_gone_says_why(tmp_path: Path) -> None:
    finished(tmp_path, MP4)
    with app(tmp_path, kept_source_bytes=len(MP4) - 1) as http:
        answer = http.get(f"/v1/transmissions/{ID}/source")
    assert answer.status_code == 404
    assert "KEPT_SOURCE_BYTES" in answer.json()["detail"]
    assert not (tmp_path / ID / "upload").exists()


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_the_channel_of_what_is_over_cannot_be_changed(tmp_path: Path, method: str) -> None:
    finished(tmp_path, None)
    with app(tmp_path) as http:
        over = http.request(method, f"/v1/transmissions/{ID}/channel", json={"snr_db": 5})
        unknown = http.request(method, "/v1/transmissions/nobody/channel", json={"snr_db": 5})
    assert (over.status_code, over.json()["code"]) == (409, "CONFLICT")
    assert "SUCCEEDED" in over.json()["detail"]
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    "change", [{"snr_db": 61}, {"snr_db": "loud"}, {"loudness": 3}, {"model": "cable"}, [], None]
)
def test_what_is_no_condition_is_refused(tmp_path: Path, change: Any) -> None:
    finished(tmp_path, None)
    with app(tmp_path) as http:
        answer = http.patch(f"/v1/transmissions/{ID}/channel", json=change)
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
