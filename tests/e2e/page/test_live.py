"""A live transmission on the page: marked in the list, shown as it comes, its channel moved, stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Trio, wait_for
from tests.e2e.page.conftest import BOTH, LONG_MS
from tests.e2e.test_live import growing, sending

pytestmark = pytest.mark.slow

SHOWN = """videos => videos.map(video => ({
  time: video.currentTime, width: video.videoWidth,
  behind: video.buffered.length ? video.buffered.end(video.buffered.length - 1) - video.currentTime : null,
}))[0]"""


def figure(page: Any, name: str) -> str:
    return str(page.locator(".figures div", has_text=name).first.locator("dd").inner_text())


@BOTH
def test_it_is_shown_as_it_comes_and_whole_when_it_is_stopped(
    page: Any, services: Trio, tmp_path: Path
) -> None:
    source = tmp_path / "camera.ts"
    with growing(source):
        sender = sending(services, source, "--latency", "2", "--symbol-rate-hz", "40000")
        row = page.locator(".list tr", has=page.get_by_role("link", name="camera.ts", exact=True)).first
        row.locator(".state.running").wait_for(timeout=LONG_MS)
        assert row.locator(".state.live").inner_text() == "live"
        row.get_by_role("link").click()

        video = page.locator("video")
        video.wait_for(timeout=LONG_MS)
        wait_for(lambda: (video.evaluate_all(SHOWN)["time"] or 0) > 0, "the first picture", 60)
        began = video.evaluate_all(SHOWN)
        wait_for(lambda: video.evaluate_all(SHOWN)["time"] > began["time"] + 5, "five seconds of it", 60)
        shown = video.evaluate_all(SHOWN)
        assert (shown["width"], video.count()) == (128, 1)
        assert 0 <= shown["behind"] < 10
        assert "behind the newest picture" in page.inner_text(".player")
        assert figure(page, "late, on average").endswith(" s")
        assert figure(page, "within 2.00 s").count(" of ") == 1
        assert int(figure(page, "frames dropped")) >= 0

        page.locator("#air:not([disabled])").fill("8")
        page.get_by_text("8.0 dB, awgn").wait_for()

        page.get_by_role("button", name="pause").click()
        stands = video.evaluate_all(SHOWN)["time"]
        wait_for(lambda: video.evaluate_all(SHOWN)["behind"] > shown["behind"] + 2, "more behind a pause", 60)
        assert video.evaluate_all(SHOWN)["time"] == pytest.approx(stands, abs=0.5)

        page.get_by_role("button", name="Stop").click()
        job_id = page.url.rpartition("/")[2]
        sender.communicate(timeout=60)
    sent: dict[str, Any] = services.wait_transmission(job_id)
    assert (sent["state"], sent["live"]["ended"]) == ("SUCCEEDED", "it was stopped by DELETE")
    assert sent["channel_changes"] == 1
    page.get_by_text("A live source is not kept").wait_for(timeout=LONG_MS)
    wait_for(lambda: video.evaluate_all(SHOWN)["width"] == 128, "the whole video", 60)
    page.get_by_role("link", name="Reconstruction, MP4").wait_for()
    assert page.get_by_role("link", name="Source as uploaded").count() == 0
