"""Questions instead of a video: a task sent over services of our own, and answers in words."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from console.demo.wording import reports_back
from console.local_services import Services
from console.several import write_json
from console.terminal import TerminalObserver
from semvid import errors
from semvid.client import ReceiverClient, TransmitterClient
from semvid.client.http import Json


def run_task(
    clip: Path,
    out: Path,
    options: Mapping[str, Any],
    command: Sequence[str],
    services: Services,
    observer: TerminalObserver,
) -> Json:
    """Sends the answers to ``options["task"]`` about ``clip`` and returns the report on what arrived.

    Args:
        clip: the video.
        out: folder for ``answers.txt`` and ``report.json``.
        options: of the transmission.
        command: how it was called, for the report.
        services: that run.
        observer: shows how far it is.

    Raises:
        SemvidError: of the kind that a service reported.
    """
    began = time.monotonic()
    addresses = services.addresses
    with (
        TransmitterClient(addresses.transmitter_url) as transmitter,
        ReceiverClient(addresses.receiver_url) as receiver,
    ):
        job = transmitter.submit(clip, options)
        try:
            sent = transmitter.watch(
                job["id"],
                lambda event: observer.progress("answering", event.get("progress"), event.get("stage", "")),
                observer.notice,
            )
        except errors.LinkFailed:
            services.check()  # a dead service explains it better
            raise
        observer.progress("answering", 1.0)
        arrived = receiver.wait(sent["id"])
    report = _report(clip, command, sent, arrived) | {"seconds": round(time.monotonic() - began, 3)}
    write_json(out / "report.json", report)
    (out / "answers.txt").write_text("".join(f"{line}\n" for line in _lines(report)), encoding="utf-8")
    return report


def _report(clip: Path, command: Sequence[str], sent: Json, arrived: Json) -> Json:
    """The questions as they were asked, the answers as they arrived, and what that took."""
    received = {answer["number"]: answer for answer in arrived["answers"]}
    forward = ("symbols", "bits", "total_symbols", "cbr", "realised_snr_db")
    cost = (*forward, "return_bytes", "return_link", "versions")
    return {
        "transmission_id": sent["id"],
        "clip": clip.name,
        "command": list(command),
        "state": arrived["state"],
        "answers": [
            {"question": question, **received.get(number, {"number": number, "outcome": "lost"})}
            for number, question in enumerate(sent["options"]["task"])
        ],
        **{name: sent.get(name) for name in cost},
        "snr_db": (sent["options"].get("channel") or {}).get("snr_db"),
        "options": sent["options"],
    }


def not_all(report: Json) -> str:
    """What of the answers did not arrive; empty where all did."""
    lost = sum(answer["outcome"] == "lost" for answer in report["answers"])
    if not lost:
        return ""
    return (
        f"receiver: {lost} of {len(report['answers'])} answers did not arrive; raise --snr-db or "
        "--retransmissions"
    )


def task_summary(report: Json) -> str:
    """The answers, and what they took."""
    count = len(report["answers"])
    return (
        "\n".join(_lines(report))
        + f"\n{report['total_symbols']:,} channel symbols carried {count} "
        + ("answer" if count == 1 else "answers")
        + f" and no picture, {report['total_symbols'] / count:,.0f} each; "
        f"{report['return_bytes']:,} bytes of reports went back.{reports_back(report)}"
    )


def cost_in_words(asked: Json) -> str:
    """How sure an answer is, who gave it, and what crossed for it."""
    sure = "" if asked["sure"] is None else f"{100 * asked['sure']:.0f} % sure; "
    if asked["answered_by"] == "reconstruction":
        return f"{sure}by the receiver's {asked['model']} about its reconstruction; nothing crossed"
    return (
        f"{sure}by the transmitter about the source; {asked['symbols_received']:,} channel symbols for "
        f"the answer, {asked['question_bytes']} bytes back for the question, {asked['return_bytes']} for "
        "reports"
    )


def _lines(report: Json) -> list[str]:
    return [f"{answer['question']} {_in_words(answer)}" for answer in report["answers"]]


def _in_words(answer: Json) -> str:
    match answer["outcome"]:
        case "answered":
            sure = "" if answer["sure"] is None else f" ({100 * answer['sure']:.0f} % sure)"
            return f"{answer['text']}{sure}"
        case "outside":
            return "- the model measures nothing of this and does not guess"
        case "lost":
            return "- lost on the way"
        case _:
            return "- the transmitter could not answer; its log says why"
