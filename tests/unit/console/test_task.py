"""A task over services of our own: what is written, said, and told where something is lost."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from console import task
from console.task import cost_in_words, not_all, run_task, task_summary
from console.terminal import TerminalObserver
from semvid.client import ReceiverClient, TransmitterClient

QUESTIONS = ["how many dogs are there?", "why?", "is it dark?"]
ARRIVED = [
    {"number": 0, "text": "one dog", "sure": 0.894, "outcome": "answered"},
    {"number": 1, "text": "", "sure": None, "outcome": "outside"},
    {"number": 2, "text": "no", "sure": None, "outcome": "answered"},
]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Both services, by their answers; ``arrived`` is what the receiver has."""
    given = SimpleNamespace(
        arrived=ARRIVED, addresses=SimpleNamespace(transmitter_url="http://t", receiver_url="http://r")
    )

    def sender(request: httpx.Request) -> httpx.Response:
        sent = {
            "id": "a", "state": "SUCCEEDED", "options": {"task": QUESTIONS, "channel": {"snr_db": 5}},
            "total_symbols": 900, "symbols": {"answer": 900}, "bits": {"answer": 300}, "cbr": 1e-6,
            "realised_snr_db": 4.9, "return_bytes": 46, "versions": {},
        }  # fmt: skip
        if request.url.path.endswith("/events"):
            return httpx.Response(404)
        return httpx.Response(202 if request.method == "POST" else 200, json=sent)

    def receiver(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"state": "SUCCEEDED", "answers": given.arrived})

    monkeypatch.setattr(
        task, "TransmitterClient", lambda url: TransmitterClient(url, httpx.MockTransport(sender))
    )
    monkeypatch.setattr(
        task, "ReceiverClient", lambda url: ReceiverClient(url, httpx.MockTransport(receiver))
    )
    return given


def ran(services: SimpleNamespace, folder: Path) -> dict[str, Any]:
    clip = folder / "clip.mp4"
    clip.write_bytes(b"clip")
    with TerminalObserver() as observer:
        return run_task(clip, folder, {"task": QUESTIONS}, ["semvid"], services, observer)  # type: ignore


def test_answers_stand_beside_their_questions(services: SimpleNamespace, tmp_path: Path) -> None:
    report = ran(services, tmp_path)
    assert (tmp_path / "answers.txt").read_text().splitlines() == [
        "how many dogs are there? one dog (89 % sure)",
        "why? - the model measures nothing of this and does not guess",
        "is it dark? no",
    ]
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["answers"][0] == {"question": QUESTIONS[0], **ARRIVED[0]}
    assert written["snr_db"] == 5
    assert not_all(report) == ""
    assert "900 channel symbols carried 3 answers and no picture, 300 each; 46 bytes" in task_summary(report)


def test_what_is_lost_is_said(services: SimpleNamespace, tmp_path: Path) -> None:
    services.arrived = ARRIVED[:1]
    report = ran(services, tmp_path)
    assert "why? - lost on the way" in task_summary(report)
    assert "2 of 3 answers did not arrive" in not_all(report)


def test_what_an_answer_costs() -> None:
    source = {
        "sure": 0.5, "answered_by": "source",
        "symbols_received": 1234, "question_bytes": 71, "return_bytes": 46,
    }  # fmt: skip
    assert cost_in_words(source) == (
        "50 % sure; by the transmitter about the source; 1,234 channel symbols for the answer, 71 bytes back "
        "for the question, 46 for reports"
    )
    here = {"sure": None, "answered_by": "reconstruction", "model": "embedded"}
    assert cost_in_words(here) == "by the receiver's embedded about its reconstruction; nothing crossed"
