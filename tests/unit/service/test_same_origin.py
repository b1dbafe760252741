"""A page of another origin, and a name that somebody rebinds to us, reach nothing."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from semvid.service.door import install_door
from semvid.service.problems import install_problem_handlers

HERE = "http://127.0.0.1:8081"


def client() -> TestClient:
    app = FastAPI()
    install_problem_handlers(app)
    install_door(app, ["lab.example", "[::1]"], ["http://page.example:8081"], "SEMVID_TEST_")

    @app.get("/read")
    @app.post("/write")
    async def answer() -> str:
        return "secret"

    return TestClient(app, HERE)


http = client()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8081",
        "localhost",
        "LOCALHOST:1",
        "semvid.localhost:8081",
        "[::1]:8081",
        "10.1.2.3:80",
        "lab.example",
        "Lab.Example:8081",
        "lab.example.",
    ],
)
def test_our_own_names_and_every_address_are_answered(host: str) -> None:
    assert http.get("/read", headers={"Host": host}).json() == "secret"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8081",
        "lab.example.evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1, evil.example",
        "",
        ":8081",
        "[::1",
        "127.0.0.1:",
        "127.0.0.1:99999",
        "127.0.0.1/",
        "127.0.0.1:8081#",
        "0x7f.1",
    ],
)
def test_a_name_that_is_rebound_to_us_reaches_nothing(host: str) -> None:
    answer = http.get("/read", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "MISDIRECTED")
    assert "SEMVID_TEST_ALLOWED_HOSTS" in answer.json()["detail"]


@given(st.text(st.characters(codec="latin-1"), max_size=40))
def test_any_host_is_answered_with_421_or_is_ours(host: str) -> None:
    answer = http.get("/read", headers={"Host": host.encode("latin-1")})  # type: ignore[dict-item]
    assert answer.status_code in (200, 421)


@pytest.mark.parametrize("origin", [HERE, "http://page.example:8081", "https://127.0.0.1:8081"])
def test_our_own_page_and_named_ones_may_ask(origin: str) -> None:
    assert http.post("/write", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:8080",
        "http://127.0.0.1",
        "http://localhost:8081",
        "null",
        "http://page.example",
        "https://page.example:8081",
        "http://page.example:8081, http://127.0.0.1:8081",
        "127.0.0.1:8081",
        "http://evil.example/http://127.0.0.1:8081",
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/write"), ("GET", "/read"), ("OPTIONS", "/write")])
def test_a_request_that_another_page_forges_reaches_nothing(method: str, path: str, origin: str) -> None:
    answer = http.request(method, path, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_two_origins_are_none() -> None:
    answer = http.post("/write", headers=[("Origin", HERE), ("Origin", "http://evil.example")])
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("site", "mode", "dest", "method", "code"),
    [
        ("cross-site", "no-cors", "image", "GET", 403),
        ("cross-site", "no-cors", "video", "GET", 403),
        ("same-site", "no-cors", "script", "GET", 403),  # another port of this machine
        ("cross-site", "navigate", "iframe", "GET", 403),
        ("cross-site", "navigate", "document", "POST", 403),
        ("cross-site", "navigate", "document", "GET", 200),  # a link in a letter
        ("same-origin", "no-cors", "image", "GET", 200),
        ("none", "navigate", "document", "GET", 200),
    ],
)
def test_without_an_origin_the_browser_says_whose_page_it_is(
    site: str, mode: str, dest: str, method: str, code: int
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    path = "/read" if method == "GET" else "/write"
    assert http.request(method, path, headers=headers).status_code == code


@pytest.mark.parametrize("path", ["/read", "/nowhere"])
def test_every_answer_tells_browsers_what_to_leave_alone(path: str) -> None:
    for headers in ({}, {"Host": "evil.example"}):
        answer = http.get(path, headers=headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
