"""Whatever is logged, and whoever logs it: one line of JSON an event, with the name of the service."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from semvid.errors import InvalidInput
from semvid.service.settings import ServiceSettings

PROGRAM = """
import logging, threading, warnings
from concurrent.futures import ThreadPoolExecutor
import structlog
from semvid.service.logs import configure_logging

configure_logging("tester", "info", "json")
log = structlog.get_logger("here")
log.debug("not wanted")
log.info("begun", transmission_id="0123", text="two\\nlines")
ThreadPoolExecutor(1).submit(log.warning, "from a pool").result()
logging.getLogger("library").info("not wanted")
try:
    raise ValueError("inner\\nwords")
except ValueError as error:
    log.error("caught", exc_info=error)
    logging.getLogger("library").exception("theirs %d", 3)
warnings.warn("old fashioned")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise RuntimeError("at last")
"""


def test_every_line_is_one_event_in_json() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["event"].splitlines()[0].rpartition(": ")[2] for event in events] == [
        "begun", "from a pool", "caught", "theirs 3", "old fashioned", "nobody caught an exception",
        "nobody caught an exception",
    ]  # fmt: skip
    assert {event["service"] for event in events} == {"tester"}
    assert all(event["timestamp"].endswith("Z") for event in events)
    assert [event["level"] for event in events] == [
        "info",
        "warning",
        "error",
        "error",
        "warning",
        "error",
        "error",
    ]
    assert events[0]["transmission_id"] == "0123"
    assert events[3]["logger"] == "library"
    for number, said in ((2, "inner\nwords"), (3, "inner\nwords"), (5, "ZeroDivisionError"), (6, "at last")):
        assert said in events[number]["exception"]
        assert "Traceback" in events[number]["exception"]


@pytest.mark.parametrize("wrong", [{"log_level": "loud"}, {"log_format": "xml"}])
def test_what_is_no_level_and_no_format_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="setting LOG_"):
        ServiceSettings.load(**wrong)
