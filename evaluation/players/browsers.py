"""Browsers as their users have them: no driver, a page that measures and reports to a server of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from semvid.errors import MissingComponent

_PAGE: Final = Path(__file__).with_name("page.html")
_WAIT_S: Final = 300.0
_STOP_S: Final = 10.0
PROGRAMS: Final[Mapping[str, Sequence[str]]] = {
    "Chromium": ("chromium", "chromium-browser", "google-chrome"),
    "Firefox": ("firefox-esr", "firefox"),
}


def program(browser: str) -> str:
    """The path of a browser of `PROGRAMS`.

    Raises:
        MissingComponent: it is not installed.
    """
    for name in PROGRAMS[browser]:
        if (path := shutil.which(name)) is not None:
            return path
    raise MissingComponent(
        f"{browser} is not installed; on Debian: apt-get install chromium firefox-esr (looked for "
        f"{', '.join(PROGRAMS[browser])})"
    )


def version(browser: str) -> str:
    """What the browser says of itself."""
    answer = subprocess.run([program(browser), "--version"], capture_output=True, text=True, check=True)
    return answer.stdout.strip().split(" built on")[0]


def measured(
    browser: str, items: Sequence[dict[str, Any]], files: Mapping[str, Path]
) -> list[dict[str, Any]]:
    """What the page measured of every item.

    Args:
        browser: of `PROGRAMS`.
        items: name, moments (seconds) to draw, and whether to play.
        files: MP4 of every item, by name.

    Raises:
        MissingComponent: the browser is not installed.
        TimeoutError: it did not finish; the message has what it printed.
    """
    listed = [{**item, "url": f"/file/{item['name']}"} for item in items]
    found: list[dict[str, Any]] = []
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                self._answer(_PAGE.read_bytes(), "text/html; charset=utf-8")
            elif self.path == "/list":
                self._answer(json.dumps(listed).encode(), "application/json")
            elif self.path.startswith("/file/") and self.path[6:] in files:
                self._answer(files[self.path[6:]].read_bytes(), "video/mp4")
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/found":
                found.append(json.loads(body))
            else:
                done.set()
            self._answer(b"", "text/plain")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server,
        tempfile.TemporaryDirectory(prefix="semvid-players-", ignore_cleanup_errors=True) as profile,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        log = Path(profile) / "browser.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(browser, Path(profile), url), stdout=output, stderr=output, start_new_session=True
            )
        try:
            if not done.wait(_WAIT_S):
                raise TimeoutError(
                    f"{browser} reported {len(found)} of {len(items)} videos within {_WAIT_S:.0f} s; the end "
                    f"of what it printed: {log.read_text(errors='replace')[-600:]}"
                )
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S)
            process.kill()
            process.wait()
            server.shutdown()
    return found


def _command(browser: str, profile: Path, url: str) -> list[str]:
    if browser == "Chromium":
        # root has no sandbox; the page is ours and sees nothing else
        return [
            program(browser),
            "--headless=new",
            "--no-sandbox",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-gpu",
            "--force-color-profile=srgb",
            "--autoplay-policy=no-user-gesture-required",
            f"--user-data-dir={profile}",
            url,
        ]
    (profile / "user.js").write_text(
        'user_pref("media.autoplay.default", 0);\n'
        'user_pref("media.autoplay.blocking_policy", 0);\n'
        'user_pref("network.proxy.type", 0);\n'
        'user_pref("gfx.color_management.mode", 0);\n'
        'user_pref("browser.shell.checkDefaultBrowser", false);\n'
        'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
        'user_pref("app.update.enabled", false);\n',
        encoding="utf-8",
    )
    return [program(browser), "--headless", "--no-remote", "--profile", str(profile), url]
