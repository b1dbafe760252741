"""Who shows no key is not answered; a signed link opens one resource, for reading, for a while."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from semvid.service import signed_links
from semvid.service.credentials import ask_for_keys
from semvid.service.http_settings import HttpSettings
from semvid.service.keys import add_key, remove_key
from semvid.service.signed_links import SignedLinks


class Guarded:
    """A small service with one key."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "keys"
        self.key = add_key(self.file, "alice", 7)
        self.links = SignedLinks()
        app = FastAPI()

        @app.api_route("/v1/things/{name}/{rest:path}", methods=["GET", "HEAD", "POST"])
        @app.api_route("/v1/things/{name}", methods=["GET", "HEAD"])
        def thing(name: str, request: Request) -> Any:
            return getattr(request.state.caller, "name", None)

        @app.get("/healthz")
        @app.get("/page/a.js")
        def public() -> str:
            return "public"

        ask_for_keys(app, HttpSettings(keys_file=self.file), self.links, lambda path: path == "/page/a.js")
        self.http = TestClient(app, "http://localhost")

    def status(self, path: str, authorization: str | None = None, method: str = "GET") -> int:
        headers = {} if authorization is None else {"Authorization": authorization}
        return self.http.request(method, path, headers=headers).status_code


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    return Guarded(tmp_path)


def test_a_key_opens_and_names_its_holder(guarded: Guarded) -> None:
    for scheme in ("Bearer", "bearer"):
        answer = guarded.http.get("/v1/things/1", headers={"Authorization": f"{scheme} {guarded.key}"})
        assert (answer.status_code, answer.json()) == (200, "alice")
    remove_key(guarded.file, "alice")
    assert guarded.status("/v1/things/1", f"Bearer {guarded.key}") == 401


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer semvid_x",
        "Basic {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer\xa0é",
    ],
)
def test_nothing_else_does(guarded: Guarded, shown: str | None) -> None:
    headers = {} if shown is None else {"Authorization": shown.format(key=guarded.key).encode("latin-1")}
    answer = guarded.http.get("/v1/things/1", headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "SEMVID_API_KEY" in answer.json()["detail"]
    assert guarded.key not in answer.text


def test_health_and_the_page_are_for_all_and_nothing_that_looks_like_them(guarded: Guarded) -> None:
    assert guarded.status("/healthz") == guarded.status("/page/a.js") == 200
    for path in (
        "/metrics",
        "/healthz/",
        "/page/../v1/things/1",
        "//healthz",
        "/v1/things/1?/healthz",
        "/nowhere",
    ):
        assert guarded.status(path) == 401


def test_a_signed_link_opens_its_resource_and_what_lies_below(guarded: Guarded) -> None:
    word = guarded.links.sign("/v1/things/1").access
    for path in ("/v1/things/1", "/v1/things/1/content", "/v1/things/1/keyframes/3"):
        assert guarded.status(f"{path}?access={word}") == 200
        assert guarded.status(f"{path}?download=true&access={word}", method="HEAD") == 200
    refused = [
        f"/v1/things/2?access={word}",
        f"/v1/things/11?access={word}",
        f"/v1/things/1/access?access={word}",  # it does not renew itself
        f"/v1/things/1?access={word}&access={word}",
        f"/v1/things/1?access={word}0",
        f"/v1/things/1?access={int(word.split('.')[0]) + 1}.{word.split('.')[1]}",
        "/v1/things/1?access=.",
        f"/v1/things/1?access=²{word[1:]}",
        f"/v1/things/1?access={word.split('.')[0]}.é",
        f"/v1/things/1?access={'9' * 40}.0",
    ]
    assert [path for path in refused if guarded.status(path) != 401] == []
    assert guarded.status(f"/v1/things/1/x?access={word}", method="POST") == 401


def test_it_ends_and_belongs_to_one_process(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guarded.status(f"/v1/things/1?access={SignedLinks().sign('/v1/things/1').access}") == 401
    with monkeypatch.context() as patch:
        patch.setattr(signed_links, "LIFE_S", 0)
        ended = guarded.links.sign("/v1/things/1").access
    assert guarded.status(f"/v1/things/1?access={ended}") == 401
