from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from semvid.errors import Busy, LimitExceeded
from semvid.service.metrics import install_metrics
from semvid.service.problems import install_problem_handlers
from semvid.service.uploads import bound_bodies


def client() -> TestClient:
    app = FastAPI()
    install_problem_handlers(app)
    install_metrics(app, CollectorRegistry())
    bound_bodies(app, 1000, 0.3)

    @app.get("/refuse/{number}")
    async def refuse(number: int) -> None:
        raise LimitExceeded(f"{number} is above the limit 3; ask for less")

    @app.get("/busy")
    async def busy() -> None:
        raise Busy("full")

    @app.get("/break")
    async def break_() -> None:
        raise RuntimeError("secret detail")

    @app.post("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    things = APIRouter(prefix="/things")

    @things.get("/{number}")
    async def thing(number: int) -> int:
        return number

    @things.delete("/{number}")
    async def delete(number: int) -> None:
        pass

    app.include_router(things)
    return TestClient(app, raise_server_exceptions=False)


def test_errors_are_problem_documents() -> None:
    response = client().get("/refuse/4")
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Limit exceeded",
        "status": 413,
        "detail": "4 is above the limit 3; ask for less",
        "code": "LIMIT_EXCEEDED",
        "instance": "/refuse/4",
    }


def test_wrong_parameters_and_unknown_paths_are_problem_documents() -> None:
    assert client().get("/refuse/four").json()["code"] == "INVALID_REQUEST"
    assert client().get("/nowhere").json()["code"] == "HTTP_404"


def test_busy_says_when_to_come_back() -> None:
    assert client().get("/busy").headers["retry-after"] == "5"


def test_unexpected_errors_keep_their_details() -> None:
    response = client().get("/break")
    assert response.status_code == 500
    assert "secret" not in response.text


def test_bodies_are_bounded_at_the_limit_and_one_past_it() -> None:
    assert client().post("/body", content=b"x" * 1000).json() == 1000
    assert client().post("/body", content=b"x" * 1001).status_code == 413


def test_bodies_of_unknown_length_are_bounded_while_they_are_read() -> None:
    def pieces():  # type: ignore[no-untyped-def]
        for _ in range(11):
            yield b"x" * 100

    assert client().post("/body", content=pieces()).status_code == 413


def test_metrics_use_route_templates() -> None:
    http = client()
    http.get("/refuse/4")
    http.get("/refuse/5")
    text = http.get("/metrics").text
    assert 'route="/refuse/{number}",status="413"} 2.0' in text


def test_whatever_method_a_client_invents_is_one_label() -> None:
    http = client()
    for number in range(5):
        http.request(f"INVENTED{number}", "/busy")
    http.get("/busy")
    counted = {line for line in http.get("/metrics").text.splitlines() if "requests_total{" in line}
    assert {line.partition("{")[2].partition(",")[0] for line in counted} == {
        'method="other"',
        'method="GET"',
    }


def test_a_method_that_a_path_does_not_take_is_answered_with_those_that_it_does() -> None:
    for path, methods in (("/things/3", "DELETE, GET"), ("/body", "POST")):
        response = client().put(path)
        assert response.status_code == 405
        assert response.headers["allow"] == methods
