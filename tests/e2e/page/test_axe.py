"""axe-core finds nothing serious on the page, in light and in dark, at a desk's width and a phone's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Trio, running
from tests.e2e.page.conftest import EARLIER, LONG_MS
from tests.e2e.test_live import growing, sending

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason='needs pip install "semvid[browser]"'
)

pytestmark = pytest.mark.slow

GRAVE = ("serious", "critical")
WIDTHS = (1280, 360)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """Services that have sent nothing."""
    with running(tmp_path_factory.mktemp("axe")) as trio:
        yield trio


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    # what moves or fades has no colour that could be measured
    context = browser.new_context(reduced_motion="reduce")
    yield context.new_page()
    context.close()


def assert_nothing_grave(tab: Any) -> None:
    found = []
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 900})
            answer = axe.Axe().run(tab).response
            assert len(answer["passes"]) > 10  # rules that had something to look at
            found += [
                (
                    scheme,
                    width,
                    one["id"],
                    [(node["html"][:200], node["failureSummary"]) for node in one["nodes"]],
                )
                for one in answer["violations"]
                if one["impact"] in GRAVE
            ]
    assert found == []


def test_an_empty_page_then_one_with_everything_open(tab: Any, fresh: Trio, short_clip: Path) -> None:
    tab.goto(fresh.transmitter)
    tab.get_by_text("None yet.").wait_for()
    assert_nothing_grave(tab)
    tab.locator("summary").click()
    tab.set_input_files("#clips", short_clip)
    tab.get_by_role("button", name="leave out").wait_for()
    assert_nothing_grave(tab)


def test_a_refused_upload(tab: Any, fresh: Trio, tmp_path: Path) -> None:
    clip = tmp_path / "no.mp4"
    clip.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(500))
    tab.goto(fresh.transmitter)
    tab.set_input_files("#clips", clip)
    tab.get_by_role("button", name="Send", exact=True).click()
    tab.locator(".files .refusal").wait_for(timeout=LONG_MS)
    assert_nothing_grave(tab)


def test_a_live_transmission_that_runs_and_when_it_is_over(tab: Any, fresh: Trio, tmp_path: Path) -> None:
    source = tmp_path / "camera.ts"
    with growing(source):
        sender = sending(fresh, source, "--latency", "2", "--symbol-rate-hz", "40000")
        tab.goto(fresh.transmitter)
        tab.locator(".list .state.running").wait_for(timeout=LONG_MS)
        tab.get_by_role("link", name="camera.ts", exact=True).click()
        tab.get_by_text("behind the newest picture").wait_for(timeout=LONG_MS)
        tab.locator("table.payload img").first.wait_for(timeout=LONG_MS, state="attached")
        assert_nothing_grave(tab)
        tab.get_by_role("button", name="Stop").click()
        sender.communicate(timeout=60)
    tab.get_by_role("link", name="Reconstruction, MP4").wait_for(timeout=LONG_MS)
    assert_nothing_grave(tab)


def test_a_finished_transmission_with_a_question(tab: Any, fresh: Trio, short_clip: Path) -> None:
    done = fresh.transmit(short_clip)
    fresh.wait_video(str(done["id"]))
    tab.goto(f"{fresh.transmitter}/#/t/{done['id']}")
    tab.locator(".divider").wait_for(timeout=LONG_MS)
    tab.get_by_label("Question about the video").fill("how many people are there?")
    tab.get_by_role("button", name="Ask").click()
    tab.locator("table.answers td").first.wait_for(timeout=LONG_MS)
    for details in tab.locator("summary").all():
        details.click()
    assert_nothing_grave(tab)


def test_a_failed_transmission(tab: Any, services: Trio) -> None:
    tab.goto(f"{services.transmitter}/#/t/{3:016x}")
    tab.get_by_role("alert").first.wait_for()
    assert_nothing_grave(tab)


def test_a_list_of_all_earlier_transmissions(tab: Any, services: Trio) -> None:
    tab.goto(services.transmitter)
    rows = tab.locator(".list tbody tr")
    rows.first.wait_for()
    while (more := tab.get_by_role("button", name="Show more")).is_visible():
        shown = rows.count()
        more.click()
        rows.nth(shown).wait_for()
    assert rows.count() >= EARLIER
    assert_nothing_grave(tab)
