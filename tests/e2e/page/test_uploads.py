"""Uploads on the page: paused, broken off, gone on with after a reload, after a transmitter was killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.demo import CLIP
from tests.e2e.conftest import Trio, running, wait_for
from tests.e2e.page.conftest import LONG_MS

pytestmark = pytest.mark.slow

RATE = 2**20  # bytes a second that leave the browser
PADDING = 12 * 2**20
KEPT = "Object.keys(localStorage).filter((name) => name.startsWith('semvid-upload:')).length"


@pytest.fixture(scope="module")
def long_upload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of two seconds with a free box (ISO/IEC 14496-12, 8.1.2) that makes its upload last."""
    path = tmp_path_factory.mktemp("uploads") / "<i>läng.mp4"
    path.write_bytes(Path(CLIP).read_bytes() + (PADDING + 8).to_bytes(4, "big") + b"free" + bytes(PADDING))
    return path


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    with running(tmp_path_factory.mktemp("resumed")) as trio:
        yield trio


@pytest.fixture
def tab(browser: Any, trio: Trio) -> Iterator[Any]:
    """A tab with a slow way out."""
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(trio.transmitter)
    hold_back(tab, RATE)
    yield tab
    context.close()


def hold_back(tab: Any, rate: int) -> None:
    """Bytes a second that may leave; -1: any."""
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
    tab.context.new_cdp_session(tab).send("Network.emulateNetworkConditions", limits)


def begin(tab: Any, clip: Path) -> None:
    tab.set_input_files("#clips", clip)
    tab.get_by_role("button", name="Send", exact=True).click()
    wait_share(tab, 0.15)


def wait_share(tab: Any, share: float) -> None:
    shown = "bars => bars.length ? bars[0].value : 0"
    wait_for(
        lambda: tab.locator(".files progress").evaluate_all(shown) > share, f"{share:.0%} of the upload", 60
    )


def assert_whole(tab: Any, trio: Trio, clip: Path) -> None:
    """The page shows the transmission, and it has the file as it was."""
    tab.wait_for_url("**/#/t/*", timeout=LONG_MS)
    job_id = tab.url.rpartition("/")[2]
    assert trio.transmission(job_id)["source"]["name"] == clip.name  # type: ignore[index]
    source = httpx.get(f"{trio.transmitter}/v1/transmissions/{job_id}/source")
    assert source.content == clip.read_bytes()
    assert tab.evaluate(KEPT) == 0
    httpx.delete(f"{trio.transmitter}/v1/transmissions/{job_id}")


def test_an_upload_is_paused_and_goes_on_where_it_was(tab: Any, trio: Trio, long_upload: Path) -> None:
    begin(tab, long_upload)
    tab.get_by_role("button", name="pause").click()
    tab.get_by_text("paused at").wait_for()
    address = tab.evaluate("Object.values(localStorage)[0]")
    there = httpx.head(trio.transmitter + address, headers={"Tus-Resumable": "1.0.0"})
    assert 0 < int(there.headers["Upload-Offset"]) < long_upload.stat().st_size
    hold_back(tab, -1)
    sent: list[str] = []
    tab.on("request", lambda request: sent.append(request.headers.get("upload-offset", "")))
    tab.get_by_role("button", name="go on").click()
    tab.get_by_role("link", name="accepted").click(timeout=LONG_MS)
    assert_whole(tab, trio, long_upload)
    assert [int(offset) for offset in sent if offset] == [int(there.headers["Upload-Offset"])]


def test_an_upload_goes_on_after_the_page_was_loaded_anew(tab: Any, trio: Trio, long_upload: Path) -> None:
    begin(tab, long_upload)
    tab.reload()
    tab.get_by_text("Not finished.").wait_for()
    assert tab.locator(".files .name").all_inner_texts() == [long_upload.name]
    tab.set_input_files("#clips", long_upload)
    tab.get_by_text("is there already").wait_for()
    assert not tab.get_by_text("Not finished.").is_visible()
    hold_back(tab, -1)
    tab.get_by_role("button", name="Send", exact=True).click()
    assert_whole(tab, trio, long_upload)


def test_an_upload_outlives_the_transmitter(tab: Any, trio: Trio, long_upload: Path) -> None:
    begin(tab, long_upload)
    trio.kill("transmitter")
    tab.get_by_text("no connection").wait_for(timeout=LONG_MS)
    trio.start("transmitter")
    trio.wait_ready()
    hold_back(tab, -1)
    assert_whole(tab, trio, long_upload)


def test_an_upload_that_is_given_up_is_gone_at_both_ends(tab: Any, trio: Trio, long_upload: Path) -> None:
    begin(tab, long_upload)
    address = trio.transmitter + tab.evaluate("Object.values(localStorage)[0]")
    tab.goto(f"{trio.transmitter}/#/t/nothing")  # the upload goes on while another view is shown
    tab.get_by_role("link", name="all transmissions").click()
    tab.get_by_role("button", name="pause").click()
    tab.get_by_role("button", name="give up").click()
    wait_for(lambda: tab.locator(".files li").count() == 0, "an empty list of files", 20)
    assert tab.evaluate(KEPT) == 0
    assert httpx.head(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 404


def test_what_is_there_may_be_dropped_for_other_options(tab: Any, trio: Trio, long_upload: Path) -> None:
    begin(tab, long_upload)
    address = trio.transmitter + tab.evaluate("Object.values(localStorage)[0]")
    tab.reload()
    tab.set_input_files("#clips", long_upload)
    tab.get_by_role("button", name="begin anew").click()
    wait_for(lambda: tab.evaluate(KEPT) == 0, "nothing that is kept", 20)
    assert httpx.head(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 404
    tab.fill("[id='option-channel.snr_db']", "7")
    hold_back(tab, -1)
    tab.get_by_role("button", name="Send", exact=True).click()
    tab.wait_for_url("**/#/t/*", timeout=LONG_MS)
    sent = trio.transmission(tab.url.rpartition("/")[2])
    assert sent["options"]["channel"]["snr_db"] == 7  # type: ignore[index]
    assert_whole(tab, trio, long_upload)
