"""Clips that are handed in, one after the other, whatever happens meanwhile."""

import random
import threading
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Self

import httpx
import numpy as np

from semvid.video.writer import VideoWriter

LENGTHS = (6, 24, 48, 96)  # frames of the clips
_AGAIN = frozenset({409, 503, 507})  # not now: the same upload arrives, the queue or the disk is full
_WIDTH, _HEIGHT = 128, 80


class Uploads:
    """Hands in clips in a thread of its own, each under a key, until the transmitter has taken it.

    Args:
        url: of the transmitter.
        clips: one for each of `LENGTHS`.
        seed: of the order of clips.

    Attributes:
        accepted: ids, and the frames that each has.
        repeated: uploads that had to be tried again.
        doubled: ids that answered to two keys.
        refused: an answer that no fault explains; nothing more is handed in.
    """

    def __init__(self, url: str, clips: list[Path], seed: str) -> None:
        self.accepted: dict[str, int] = {}
        self.repeated = 0
        self.doubled: list[str] = []
        self.refused: str | None = None
        self._url, self._clips, self._random = url, clips, random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._over.is_set() and self.refused is None:
            clip = self._random.randrange(len(self._clips))
            self._hand_in(f"clip-{number}", self._clips[clip], LENGTHS[clip])
            number += 1

    def _hand_in(self, key: str, clip: Path, frames: int) -> None:
        with httpx.Client(timeout=30) as http:
            while True:  # also where all is over: what may have been accepted must be known
                with suppress(httpx.HTTPError), clip.open("rb") as file:
                    answer = http.post(
                        f"{self._url}/v1/transmissions",
                        files={"file": (clip.name, file)},
                        headers={"Idempotency-Key": key},
                    )
                    if answer.status_code == 202:
                        self._note(str(answer.json()["id"]), frames)
                        return
                    if answer.status_code not in _AGAIN:
                        self.refused = f"{answer.status_code}: {answer.text}"
                        return
                self.repeated += 1
                time.sleep(0.2)

    def _note(self, job_id: str, frames: int) -> None:
        if job_id in self.accepted:
            self.doubled.append(job_id)
        self.accepted[job_id] = frames


def make_clips(folder: Path) -> list[Path]:
    """Small clips with something that moves, one for each of `LENGTHS`."""
    paths = []
    for frames in LENGTHS:
        path = folder / f"{frames}.mp4"
        with VideoWriter(path, _WIDTH, _HEIGHT, Fraction(1, 24)) as writer:
            for index in range(frames):
                picture = np.full((_HEIGHT, _WIDTH, 3), 60, np.uint8)
                picture[:, :, 0] += np.arange(_WIDTH, dtype=np.uint8)
                left = 4 + index % 100
                picture[30:50, left : left + 20] = (230, 220, 40)
                writer.append(picture, index)
        paths.append(path)
    return paths
