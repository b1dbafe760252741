"""The page in a real browser, before three real services: sends the demo's clip, sees the video play."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from console.demo import CLIP
from semvid.service.keys import add_key
from tests.e2e.conftest import Trio, running, wait_for
from tests.e2e.page.conftest import BOTH, EARLIER, LONG_MS, PLAYED

pytestmark = pytest.mark.slow


@BOTH
def test_a_clip_is_sent_its_channel_changed_and_the_video_plays(page: Any, services: Trio) -> None:
    page.set_input_files("#clips", CLIP)
    page.select_option("[id='option-channel.model']", "awgn")
    page.fill("[id='option-channel.snr_db']", "14")
    page.get_by_role("button", name="Send", exact=True).click()

    slider = page.locator("#air:not([disabled])")
    slider.wait_for(timeout=LONG_MS)
    job_id = page.url.rpartition("/")[2]
    assert page.locator(".air output").inner_text() == "14.0 dB, awgn"
    slider.fill("6")
    page.get_by_text("6.0 dB, awgn").wait_for()

    page.locator(".divider").wait_for(timeout=LONG_MS)
    sent: dict[str, Any] = services.transmission(job_id)
    assert sent["state"] == "SUCCEEDED"
    channel = sent["options"]["channel"]
    assert {name: value for name, value in channel.items() if value is not None} == {
        "model": "awgn",
        "snr_db": 14,
    }
    assert sent["channel_changes"] == 1
    assert sent["snr_db"] == pytest.approx(6, abs=1)  # as measured off the air
    assert sent["last_channel_changes"][0]["snr_db"] == 6
    assert f"{sent['total_symbols']:,} channel symbols" in page.inner_text(".lead")
    assert page.locator(".ledger tbody tr").count() == len(sent["symbols"])
    assert page.locator("line.keyframe").count() == sent["keyframes"]
    assert page.locator("canvas").count() == 1

    page.get_by_role("button", name="play").click()
    videos = page.locator("video")
    wait_for(lambda: min(v["time"] for v in videos.evaluate_all(PLAYED)) > 1, "a second of both videos", 60)
    page.get_by_role("button", name="pause").click()
    wait_for(lambda: all(v["paused"] for v in videos.evaluate_all(PLAYED)), "both videos paused", 10)
    wait_for(lambda: len({v["time"] for v in videos.evaluate_all(PLAYED)}) == 1, "both at one time", 10)
    assert [v["width"] for v in videos.evaluate_all(PLAYED)] == [640, 640]

    timeline = page.get_by_role("slider", name="position in the video, seconds")
    timeline.focus()
    page.keyboard.press("End")
    page.keyboard.press("PageUp")
    semantics = httpx.get(f"{services.transmitter}/v1/transmissions/{job_id}/semantics").json()
    frame = max(keyframe["frame"] for keyframe in semantics["keyframes"])
    wait_for(lambda: f"frame {frame}" in page.inner_text(".now"), "the last keyframe")
    page.keyboard.press("ArrowLeft")
    wait_for(lambda: f"frame {frame - 1}" in page.inner_text(".now"), "the frame before it")

    divider = page.get_by_role("slider", name="divider between source and reconstruction")
    divider.focus()
    page.keyboard.press("ArrowRight")
    assert divider.get_attribute("aria-valuenow") == "52"
    assert videos.nth(1).evaluate("v => v.style.clipPath") == "inset(0px 0px 0px 52%)"


def test_two_hundred_earlier_transmissions_are_listed_a_page_at_a_time(page: Any) -> None:
    rows = page.locator(".list tbody tr")
    rows.first.wait_for()
    assert rows.count() == 25
    more = page.get_by_role("button", name="Show more")
    while more.is_visible():
        shown = rows.count()
        more.click()
        rows.nth(shown).wait_for(timeout=10_000)
        wait_for(lambda shown=shown: rows.count() == shown + 25 or not more.is_visible(), "25 more")
    assert rows.count() >= EARLIER
    page.get_by_role("link", name="earlier 3.mp4", exact=True).click()
    refusal = page.get_by_role("alert")
    refusal.first.wait_for()
    assert refusal.first.inner_text() == "gone <b>"


def test_what_is_no_video_is_refused_in_the_transmitters_words(page: Any, tmp_path: Path) -> None:
    clips = [tmp_path / "<i>no.mp4", tmp_path / "other.mp4"]
    for clip in clips:
        clip.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(500))
    page.set_input_files("#clips", clips)
    page.get_by_role("button", name="Send 2 clips").click()
    refused = page.locator(".files .refusal")
    refused.nth(1).wait_for(timeout=LONG_MS)
    assert all("semvid" in text or "video" in text for text in refused.all_inner_texts())
    assert page.locator(".files .name").all_inner_texts() == ["<i>no.mp4", "other.mp4"]


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_is_wider_than_a_phone(browser: Any, services: Trio, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 740}, is_mobile=True, has_touch=True)
    tab = context.new_page()
    tab.goto(services.transmitter)
    tab.locator(".list tbody tr").first.wait_for()
    tab.locator("summary").click()
    assert tab.locator("html").evaluate("page => page.scrollWidth") == width
    context.close()


def test_a_key_is_asked_for_once_and_players_follow_signed_links(
    browser: Any, tmp_path: Path, short_clip: Path
) -> None:
    keys = tmp_path / "keys"
    key = add_key(keys, "me")
    guarded = {f"SEMVID_{service}_KEYS_FILE": str(keys) for service in ("TRANSMITTER", "RECEIVER", "CHANNEL")}
    with running(tmp_path, **guarded) as trio:
        tab = browser.new_context().new_page()
        tab.goto(trio.transmitter)
        for typed, expected in (("semvid_wrong", "was not taken"), (key, "None yet.")):
            tab.get_by_label("Key", exact=True).fill(typed)
            tab.get_by_role("button", name="Use it").click()
            tab.get_by_text(expected).wait_for()
        tab.set_input_files("#clips", short_clip)
        tab.get_by_role("button", name="Send", exact=True).click()
        tab.locator("video").nth(1).wait_for(timeout=LONG_MS)
        videos = tab.locator("video")
        wait_for(lambda: min(v["width"] for v in videos.evaluate_all(PLAYED)) > 0, "both videos loaded", 60)
        tab.locator("table.payload img").first.scroll_into_view_if_needed()
        picture = "images => images[0].naturalWidth"
        wait_for(
            lambda: tab.locator("table.payload img").evaluate_all(picture) > 0, "a keyframe's picture", 30
        )
        links = tab.locator(".downloads a").evaluate_all("links => links.map(link => link.href)")
        assert len(links) == 5
        for link in links:
            assert httpx.get(link).status_code == 200
            assert httpx.get(link.partition("?")[0]).status_code == 401


def test_another_page_reaches_nothing(browser: Any, services: Trio) -> None:
    """A page that is served on another port of this machine tries all that a page can."""
    tries = """async ([transmitter, receiver]) => {
      const told = async (url, request) => fetch(url, request).then((r) => r.text(), () => "refused");
      const loads = (tag, src) => new Promise((resolve) => {
        const element = document.createElement(tag);
        element.onload = () => resolve("loaded");
        element.onerror = () => resolve("refused");
        element.src = src;
        document.body.append(element);
      });
      const form = new FormData();
      form.append("file", new Blob(["x"]), "x.mp4");
      return [
        await told(`${transmitter}/v1/transmissions`),
        await told(`${receiver}/v1/videos`),
        await told(`${transmitter}/v1/transmissions`, { method: "POST", body: form }),
        await told(`${transmitter}/v1/transmissions/0000000000000000`, { method: "DELETE" }),
        await loads("script", `${transmitter}/page/api.js`),
        await loads("img", `${transmitter}/page/icon.svg`),
      ];
    }"""
    with _served("<!DOCTYPE html><body>evil</body>") as evil:
        tab = browser.new_context().new_page()
        tab.goto(evil)
        assert tab.evaluate(tries, [services.transmitter, services.receiver]) == ["refused"] * 6
    # they left the browser, and the service did not take them
    assert _requests(services.transmitter, 'status="403"', 'method="POST"') == 1
    assert _requests(services.transmitter, 'status="403"', 'method="GET"') >= 3


@contextmanager
def _served(document: str) -> Iterator[str]:
    """The address of a page on a port of its own."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(document.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _requests(url: str, *labels: str) -> float:
    """How many requests with these labels the service counted."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    counted = (line for line in lines if line.startswith("semvid_http_requests_total{"))
    return sum(float(line.split()[-1]) for line in counted if all(label in line for label in labels))
