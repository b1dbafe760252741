"""Only pages that are named may read the receiver's interface from a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from receiver.app import create_app
from receiver.settings import ReceiverSettings
from semvid.errors import InvalidInput
from semvid.service.keys import add_key

PAGE = "http://page.example:8081"
VARIABLE = "SEMVID_RECEIVER_ALLOWED_ORIGINS"


def client(folder: Path, *origins: str) -> TestClient:
    return TestClient(
        create_app(ReceiverSettings.load(data_dir=folder, allowed_origins=origins)),
        base_url="http://localhost",
    )


def test_a_named_page_reads_answers_and_refusals_alike(tmp_path: Path) -> None:
    http = client(tmp_path, "http://other.example", PAGE)
    for path in ("/v1/videos", "/v1/videos/nobody"):
        answer = http.get(path, headers={"Origin": PAGE})
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in answer.headers
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["http://evil.example", f"{PAGE}.evil.example", "null", "https://page.example:8081"]
)
def test_no_other_page_does(tmp_path: Path, origin: str) -> None:
    answer = client(tmp_path, PAGE).get("/v1/videos", headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_may_ask_for_ranges_and_questions_and_write_nothing(tmp_path: Path) -> None:
    http = client(tmp_path, PAGE)
    asks = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    assert http.options("/v1/videos/x/questions", headers=asks).status_code == 200
    evil = http.options("/v1/videos/x/questions", headers={**asks, "Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in evil.headers
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    assert http.options("/v1/videos/x/content", headers=asks).status_code == 200
    asks["Access-Control-Request-Method"] = "DELETE"  # of a session of WHEP; nothing else can be deleted
    assert http.options("/v1/videos/x/whep/0", headers=asks).status_code == 200
    asks["Access-Control-Request-Method"] = "PUT"
    assert http.options("/v1/videos/x/content", headers=asks).status_code == 400


def test_the_setting_names_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ReceiverSettings.load().allowed_origins == ("http://127.0.0.1:8081", "http://localhost:8081")
    monkeypatch.setenv(VARIABLE, "https://a.example, http://[::1]:8081")
    assert ReceiverSettings.load().allowed_origins == ("https://a.example", "http://[::1]:8081")
    monkeypatch.setenv(VARIABLE, "none")
    assert ReceiverSettings.load().allowed_origins == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "http://a.example/",
        "http://a.example:80",
        "https://a.example:443",
        "a.example",
        "http://A.example",
        "http://a, ",
        "null",
        "http://u@a",
        "http://*.a",
    ],
)
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(VARIABLE, wrong)
    with pytest.raises(InvalidInput, match="is no origin"):
        ReceiverSettings.load()


def test_a_page_with_a_key_may_show_it_and_reads_why_it_was_refused(tmp_path: Path) -> None:
    shown = {"Authorization": f"Bearer {add_key(tmp_path / 'keys', 'me')}"}
    settings = ReceiverSettings.load(data_dir=tmp_path, allowed_origins=(PAGE,), keys_file=tmp_path / "keys")
    http = TestClient(create_app(settings), base_url="http://localhost")
    asks = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    assert http.options("/v1/videos", headers=asks).status_code == 200
    refused = http.get("/v1/videos", headers={"Origin": PAGE})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, PAGE)
    assert http.get("/v1/videos", headers={"Origin": PAGE, **shown}).json()["videos"] == []
    assert http.get("/v1/videos/nobody/access", headers=shown).status_code == 404
