"""Three services and a real browser before their page.

Needs Playwright (extra `browser`) and a Chromium: $SEMVID_CHROMIUM, or `chromium` on the path, or
Playwright's own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Trio, running

EARLIER = 200
LONG_MS = 120_000
PLAYED = "videos => videos.map(v => ({time: v.currentTime, width: v.videoWidth, paused: v.paused}))"


@pytest.fixture(scope="package")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """Services whose transmitter has 200 earlier transmissions."""
    folder = tmp_path_factory.mktemp("page")
    for number in range(EARLIER):
        _leave_record(folder / "transmitter" / f"{number:016x}", f"earlier {number}.mp4")
    with running(folder) as trio:
        yield trio


def _leave_record(folder: Path, name: str) -> None:
    source = {"name": name, "width": 64, "height": 48, "frame_rate": 25.0, "duration_s": 1.0, "frames": 25}
    record = {
        "id": folder.name, "state": "FAILED", "stage": "sending", "progress": 0.5, "options": {},
        "created_at": "2026-01-01T00:00:00.000+00:00", "source": {**source, "codec": "h264"},
        "error": {"title": "Link failed", "status": 502, "detail": "gone <b>", "code": "LINK_FAILED"},
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps(record))


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason='needs pip install "semvid[browser]"')
    chromium = os.environ.get("SEMVID_CHROMIUM") or shutil.which("chromium")
    with sync_api.sync_playwright() as playwright:
        try:
            # as root, as in CI's containers, Chromium has no sandbox; the page is our own
            launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"needs a Chromium: {error.message.splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any, services: Trio) -> Iterator[Any]:
    """A tab that may ask nobody but the two services, and say nothing on the console."""
    context = browser.new_context()
    tab = context.new_page()
    complaints: list[str] = []

    def listen(message: Any) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    tab.on("console", listen)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    strangers: list[str] = []
    ours = (services.transmitter, services.receiver)
    tab.on("request", lambda request: request.url.startswith(ours) or strangers.append(request.url))
    tab.goto(services.transmitter)
    yield tab
    context.close()
    assert strangers == []
    # a browser notes every refusal, and here some are meant: not on the air yet, no video, no such thing
    assert [text for text in complaints if not re.search(r"status of (404|409|415)", text)] == []
