"""Questions and tasks through three real processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.cli import ask
from semvid import errors
from semvid.client import ReceiverClient
from semvid.options import AnsweredBy
from tests.e2e.conftest import Trio, running

AIR = {"channel": {"snr_db": 8, "seed": 5}}
KEPT = 30_000  # bytes of sources
CUTS, SHOTS, WHY = "how many cuts are there?", "how many shots are there?", "why?"


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """Sources are kept only until a transmission that is larger has ended."""
    folder = tmp_path_factory.mktemp("asked")
    with running(folder, SEMVID_TRANSMITTER_KEPT_SOURCE_BYTES=str(KEPT)) as trio:
        yield trio


@pytest.fixture(scope="module")
def sent(trio: Trio, tiny_clip: Path) -> dict[str, Any]:
    """A clip with one hard cut."""
    assert tiny_clip.stat().st_size < KEPT
    sent = dict(trio.transmit(tiny_clip, json.dumps({"quality": 40, "coding_time": 0.1, **AIR})))
    assert sent["state"] == "SUCCEEDED", sent
    assert trio.wait_video(sent["id"])["state"] == "SUCCEEDED"
    return sent


def test_the_source_answers_and_only_the_answer_crosses(trio: Trio, sent: dict[str, Any]) -> None:
    with ReceiverClient(trio.receiver) as client:
        asked = client.ask(sent["id"], CUTS)
    assert (asked["state"], asked["answer"], asked["model"]) == ("ANSWERED", "one cut", None)
    assert 0 < asked["question_bytes"] < 100
    job = trio.transmission(sent["id"])
    assert job["questions_asked"] == 1
    (noted,) = job["questions"]
    assert (noted["question"], noted["text"], noted["id"]) == (CUTS, "one cut", asked["id"])
    # both ends counted the same symbols, all of them of answers and what it takes to receive them
    assert noted["total_symbols"] == sum(noted["symbols"].values()) == asked["symbols_received"]
    assert {name for name, n in noted["bits"].items() if n} == {"answer"}
    assert noted["symbols"]["answer"] > 0
    assert noted["symbols"]["header"] == noted["symbols"]["keyframe"] == 0
    assert (noted["question_bytes"], noted["return_bytes"]) == (
        asked["question_bytes"],
        asked["return_bytes"],
    )
    assert noted["channel_seed"] == 6
    # the video's own ledger stays what it was
    assert (job["total_symbols"], job["cbr"]) == (sent["total_symbols"], sent["cbr"])


def test_the_reconstruction_answers_and_nothing_crosses(trio: Trio, sent: dict[str, Any]) -> None:
    before = trio.transmission(sent["id"])["questions_asked"]
    with ReceiverClient(trio.receiver) as client:
        asked = client.ask(sent["id"], SHOTS, "reconstruction")
    assert (asked["answer"], asked["model"], asked["symbols_received"]) == ("two shots", "embedded", 0)
    assert trio.transmission(sent["id"])["questions_asked"] == before


@pytest.mark.parametrize("answered_by", ["source", "reconstruction"])
def test_what_is_not_measured_is_refused(trio: Trio, sent: dict[str, Any], answered_by: str) -> None:
    with ReceiverClient(trio.receiver) as client, pytest.raises(errors.InvalidInput, match="does not guess"):
        client.ask(sent["id"], WHY, answered_by)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"question": "a\nb"}, 422, "question"),
        ({"question": "a" * 201}, 422, "200 characters"),
        ({"question": "why?", "answered_by": "me"}, 422, "answered_by"),
        ({"question": "why?", "extra": 1}, 422, "extra"),
        ({"question": "a" * 70_000}, 413, "65536 bytes"),
    ],
)
def test_bad_questions_are_refused_at_the_door(
    trio: Trio, sent: dict[str, Any], body: dict[str, Any], status: int, told: str
) -> None:
    answer = httpx.post(f"{trio.receiver}/v1/videos/{sent['id']}/questions", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert told in answer.json()["detail"]


def test_the_command_prints_the_answer(
    trio: Trio, sent: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ask(sent["id"], SHOTS, receiver=trio.receiver, answered_by=AnsweredBy.RECONSTRUCTION)
    out, err = capsys.readouterr()
    assert out == "two shots\n"
    assert "nothing crossed" in err


def test_a_task_sends_answers_and_no_picture(trio: Trio, tiny_clip: Path) -> None:
    task = [CUTS, WHY, SHOTS]
    sent = trio.transmit(tiny_clip, json.dumps({"task": task, **AIR}))
    assert sent["state"] == "SUCCEEDED", sent
    assert [(one["question"], one["text"], one["outcome"]) for one in sent["answers"]] == [
        (CUTS, "one cut", "answered"),
        (WHY, "", "outside"),
        (SHOTS, "two shots", "answered"),
    ]
    assert {name for name, n in sent["bits"].items() if n} == {"answer"}
    assert sum(sent["symbols"].values()) == sent["total_symbols"]
    video = trio.wait_video(sent["id"])
    assert (video["state"], video["answers_expected"], video["frames_written"]) == ("SUCCEEDED", 3, 0)
    assert [(one["number"], one["text"]) for one in video["answers"]] == [
        (0, "one cut"),
        (1, ""),
        (2, "two shots"),
    ]
    assert video["symbols_received"] == sent["total_symbols"]
    content = httpx.get(f"{trio.receiver}/v1/videos/{sent['id']}/content")
    assert content.status_code == 404
    assert "carried answers and no video" in content.json()["detail"]
    with ReceiverClient(trio.receiver) as client, pytest.raises(errors.Conflict, match="no video"):
        client.ask(sent["id"], CUTS, "reconstruction")


def test_a_source_that_is_not_kept_is_gone(trio: Trio, sent: dict[str, Any], short_clip: Path) -> None:
    assert short_clip.stat().st_size > KEPT
    trio.transmit(short_clip, json.dumps({"task": [CUTS]}))
    with ReceiverClient(trio.receiver) as client, pytest.raises(errors.Gone, match="KEPT_SOURCE_BYTES"):
        client.ask(sent["id"], CUTS)
