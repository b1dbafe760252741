"""What each request needs, and that no route of the services is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute

from receiver.app import create_app as receiver
from receiver.settings import ReceiverSettings
from semvid.errors import InvalidInput
from semvid.service.credentials import ask_for_keys
from semvid.service.http_settings import HttpSettings
from semvid.service.keys import add_key, read_keys
from semvid.service.rights import EVERYTHING, Right, needed, parse_rights, written_rights
from semvid.service.signed_links import SignedLinks
from transmitter.app import create_app as transmitter
from transmitter.page import is_page
from transmitter.settings import TransmitterSettings

PUBLIC = {"/healthz", "/readyz", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
CHANGING = {
    ("POST", "/v1/transmissions"): Right.SEND,
    ("DELETE", "/v1/transmissions/{transmission_id}"): Right.SEND,
    ("PATCH", "/v1/transmissions/{transmission_id}/channel"): Right.CHANNEL,
    ("POST", "/v1/live"): Right.SEND,
    ("PUT", "/v1/transmissions/{transmission_id}/live"): Right.SEND,
    ("POST", "/v1/uploads"): Right.SEND,
    ("HEAD", "/v1/uploads/{upload_id}"): Right.SEND,
    ("PATCH", "/v1/uploads/{upload_id}"): Right.SEND,
    ("DELETE", "/v1/uploads/{upload_id}"): Right.SEND,
    ("OPTIONS", "/v1/uploads"): Right.SEND,
    ("OPTIONS", "/v1/uploads/{upload_id}"): Right.SEND,
    ("POST", "/v1/videos/{video_id}/questions"): Right.SEND,
    ("GET", "/metrics"): Right.METRICS,
}
WATCHING = {("POST", "/v1/videos/{video_id}/whep"), ("DELETE", "/v1/videos/{video_id}/whep/{viewer}")}


def requests(app: FastAPI) -> set[tuple[str, str]]:
    def of(routes: list[BaseRoute]) -> set[tuple[str, str]]:
        found = set()
        for route in routes:
            found |= {
                (method, getattr(route, "path", "")) for method in getattr(route, "methods", None) or ()
            }
            if (included := getattr(route, "original_router", None)) is not None:
                found |= of(included.routes)
        return found

    return of(app.routes)


def test_no_route_is_forgotten(tmp_path: Path) -> None:
    found = requests(transmitter(TransmitterSettings(data_dir=tmp_path / "t")))
    found |= requests(receiver(ReceiverSettings(data_dir=tmp_path / "r")))
    asking = {(method, path) for method, path in found if path not in PUBLIC and not is_page(path)}
    assert set(CHANGING) | WATCHING <= asking
    for method, path in asking:
        right = needed(method, path.replace("{", "").replace("}", ""))
        assert right is CHANGING.get((method, path), Right.READ), (method, path)
        if right is Right.READ:
            assert method in ("GET", "HEAD") or (method, path) in WATCHING


@pytest.mark.parametrize("right", list(Right))
def test_a_key_does_what_it_may_and_nothing_else(tmp_path: Path, right: Right) -> None:
    file = tmp_path / "keys"
    key = add_key(file, "alice", rights=frozenset({right}))
    app = FastAPI()

    @app.api_route("/metrics", methods=["GET"])
    @app.api_route("/v1/transmissions/{rest:path}", methods=["GET", "POST", "PATCH"])
    def anything() -> str:
        return "done"

    links = SignedLinks()
    ask_for_keys(app, HttpSettings(keys_file=file), links)
    http = TestClient(app, "http://localhost", headers={"Authorization": f"Bearer {key}"})
    asked = {
        Right.READ: ("GET", "/v1/transmissions/1/source"),
        Right.SEND: ("POST", "/v1/transmissions/1"),
        Right.CHANNEL: ("PATCH", "/v1/transmissions/1/channel"),
        Right.METRICS: ("GET", "/metrics"),
    }
    assert set(asked) == EVERYTHING
    for needs, (method, path) in asked.items():
        answer = http.request(method, path)
        assert answer.status_code == (200 if needs is right else 403)
        if needs is not right:
            assert f"needs {needs}" in answer.json()["detail"]
    # whoever may not read makes no links, and a link that another made does not widen what this key may do
    assert (http.get("/v1/transmissions/1/access").status_code == 200) is (right is Right.READ)


def test_rights_are_kept_and_earlier_files_may_do_everything(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    add_key(file, "wall", 3, parse_rights("read, metrics"))
    add_key(file, "all")
    wall, everything = read_keys(file)
    assert (wall.per_day, wall.rights) == (3, {Right.READ, Right.METRICS})
    assert everything.rights == EVERYTHING
    assert [len(line.split()) for line in file.read_text().splitlines()[1:]] == [4, 3]
    assert parse_rights(written_rights(wall.rights)) == wall.rights


@pytest.mark.parametrize("text", ["", "read,", "write", "read,,send", "READ"])
def test_what_is_no_right_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="there is no right"):
        parse_rights(text)
