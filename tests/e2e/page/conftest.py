"""Three services and real browsers before their page.

Needs Playwright (extra `browser`) and a Chromium: $SEMVID_CHROMIUM, or `chromium` on the path, or
Playwright's own. Firefox is $SEMVID_FIREFOX or on the path, with FFmpeg's libavcodec for H.264.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Trio, running

EARLIER = 200
BOTH = pytest.mark.parametrize("page", ["browser", "firefox"], indirect=True)
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
def playwright() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason='needs pip install "semvid[browser]"')
    with sync_api.sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright: Any) -> Iterator[Any]:
    """A Chromium."""
    chromium = os.environ.get("SEMVID_CHROMIUM") or shutil.which("chromium")
    # as root, as in CI's containers, Chromium has no sandbox; the page is our own
    with _launched(playwright.chromium, executable_path=chromium, args=["--no-sandbox"]) as launched:
        yield launched


@pytest.fixture(scope="package")
def firefox(playwright: Any) -> Iterator[Any]:
    """A Firefox as distributions build it, driven by WebDriver BiDi; Playwright's own is a patched one."""
    path = os.environ.get("SEMVID_FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        pytest.skip("needs a Firefox: $SEMVID_FIREFOX, or firefox-esr or firefox on the path")
    with _launched(playwright.firefox, executable_path=path, channel="moz-firefox") as launched:
        yield launched


@contextmanager
def _launched(kind: Any, **how: Any) -> Iterator[Any]:
    try:
        browser = kind.launch(**how)
    except Exception as error:  # Playwright's own class is known only where it is installed
        pytest.skip(f"needs a {kind.name}: {str(error).splitlines()[0]}")
    yield browser
    browser.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, services: Trio) -> Iterator[Any]:
    """A tab that may ask nobody but the two services, and say nothing on the console; in Chromium, or in the
    browser whose fixture is named as parameter."""
    context = request.getfixturevalue(getattr(request, "param", "browser")).new_context()
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
