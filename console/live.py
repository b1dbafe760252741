"""`semvid send --live`: opens a source on this machine and hands it on while it comes."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from console.terminal import TerminalObserver
from semvid.client import TransmitterClient
from semvid.client.http import Json
from semvid.client.transmitter import FINAL_STATES
from semvid.errors import InvalidInput, LinkFailed, SemvidError
from semvid.video.live_source import open_source

HEAD_S: Final = 2.0  # of the source, on which the transmission is planned
_ASK_S: Final = 1.0  # between two looks at the transmission


def source_options_of(given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE as a dictionary.

    Raises:
        InvalidInput: one is none.
    """
    pairs = [one.partition("=") for one in given]
    if wrong := [one for one, (name, equals, _) in zip(given, pairs, strict=True) if not (name and equals)]:
        raise InvalidInput(f"--source-option {wrong[0]}: write NAME=VALUE, for example video_size=640x480")
    return {name: value for name, _, value in pairs}


def send_live(
    client: TransmitterClient,
    address: str,
    source_options: Mapping[str, str],
    pace: bool,
    options: Mapping[str, Any],
    observer: TerminalObserver,
) -> Json:
    """Sends a live source until it ends, Ctrl-C, or the transmission does; returns the finished transmission.

    Args:
        client: of the transmitter.
        address: of the source, see `semvid.video.live_source.open_source`.
        source_options: FFmpeg's.
        pace: a file is played by its time stamps.
        options: of the transmission.
        observer: shows how it goes.

    Raises:
        SemvidError: the source cannot be opened, is refused, or the transmission failed.
    """
    with open_source(address, source_options, pace) as source, _interruption() as interrupted:
        observer.progress("looking at the source", None)
        job = client.begin_live(source.head(HEAD_S), address.rpartition("/")[2], options)
        observer.notice(f"transmission {job['id']}; Ctrl-C ends it, and its video is whole then")
        followed = _Followed(client, job["id"], observer)
        try:
            client.continue_live(job["id"], source.rest(lambda: interrupted() or followed.over()))
        except LinkFailed:
            if not followed.over(at_once=True):  # what is over takes no more, and says why itself
                raise
    return client.watch(
        job["id"], lambda event: observer.progress("ending", None, event.get("stage", "")), observer.notice
    )


class _Followed:
    """A transmission that is looked at now and then."""

    def __init__(self, client: TransmitterClient, job_id: str, observer: TerminalObserver) -> None:
        self._client, self._job_id, self._observer = client, job_id, observer
        self._asked, self._over, self._told = 0.0, False, False

    def over(self, at_once: bool = False) -> bool:
        """Whether it takes no more."""
        if time.monotonic() - self._asked < _ASK_S and not at_once:
            return self._over
        self._asked = time.monotonic()
        try:
            job = self._client.transmission(self._job_id)
        except SemvidError:  # the transmission goes on, or its stream breaks off and says so
            return self._over
        live, delays = job.get("live") or {}, job.get("delays") or {}
        self._over = job["state"] in FINAL_STATES or bool(live.get("ended"))
        if not self._told and job.get("live_url"):
            self._observer.notice(f"watch it at {job['live_url']}")
            self._told = True
        self._observer.progress("live", None, _in_words(job, live, delays))
        return self._over


def _in_words(job: Json, live: Json, delays: Json) -> str:
    if not job.get("segments"):
        return str(job.get("stage", ""))
    latency = delays.get("mean_latency_s")
    words = f"{job['segments']} segments, {live.get('dropped', 0)} frames dropped"
    return words if latency is None else f"{words}, {latency:.2f} s behind"


@contextmanager
def _interruption() -> Iterator[Any]:
    """Gives what says whether Ctrl-C was pressed; the second time it is the usual one."""
    pressed: list[int] = []

    def press(number: int, _frame: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
