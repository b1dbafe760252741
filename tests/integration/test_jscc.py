"""Keyframes as symbols without bits through all three services: upload over REST to MP4."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from console.local_services import Services, running_services
from semvid.client import ReceiverClient, TransmitterClient
from semvid.images.fidelity import psnr_db
from semvid.images.types import Picture
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter
from tests.synthetic_clip import clip_frames

FRAMES = 13
WIDTH, HEIGHT = 240, 136


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "small.mp4"
    with VideoWriter(path, WIDTH, HEIGHT, Fraction(1, 24), crf=6) as writer:
        for index, picture in enumerate(clip_frames(seed=0, frames=FRAMES)):
            small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            writer.append(np.asarray(small, np.uint8), index)
    return path


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("services")
    with running_services(folder / "data", folder / "logs") as running:
        yield running


class Sent:
    """One transmission: what both ends say of it, and its keyframes as they were received."""

    def __init__(self, services: Services, clip: Path, options: dict[str, Any]) -> None:
        addresses = services.addresses
        with (
            TransmitterClient(addresses.transmitter_url) as transmitter,
            ReceiverClient(addresses.receiver_url) as receiver,
        ):
            job = transmitter.submit(clip, {"coding": "jscc", **options})["id"]
            self.job = transmitter.watch(job)
            self.video = receiver.wait(job)
            self.keyframes = transmitter.semantics(job)["keyframes"]
        pictures = [frame.picture for frame in read_frames(clip, probe(clip))]
        url = f"{addresses.receiver_url}/v1/videos/{job}/keyframes"
        self.pngs = [httpx.get(f"{url}/{one['number']}").content for one in self.keyframes]
        self.psnr_db = float(
            np.mean(
                [
                    psnr_db(_picture(png), pictures[one["frame"]])
                    for png, one in zip(self.pngs, self.keyframes, strict=True)
                ]
            )
        )


def _picture(png: bytes) -> Picture:
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    shown = cv2.resize(decoded, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.cvtColor(shown, cv2.COLOR_BGR2RGB), np.uint8)


@pytest.fixture(scope="module")
def send(services: Services, clip: Path) -> Callable[..., Sent]:
    def sent(snr_db: float, **options: Any) -> Sent:
        return Sent(services, clip, {"channel": {"model": "awgn", "snr_db": snr_db, "seed": 1}, **options})

    return sent


def test_the_picture_gets_noisy_and_is_not_lost(send: Callable[..., Sent]) -> None:
    clear, noisy = send(10.0), send(0.0)
    assert clear.psnr_db - 10 < noisy.psnr_db < clear.psnr_db - 1
    assert noisy.psnr_db > 17
    assert send(0.0).pngs == noisy.pngs
    for one in (clear, noisy):
        assert one.job["options"]["coding"] == one.video["coding"] == "jscc"
        assert one.video["keyframes_lost"] == one.video["keyframes_undecodable"] == 0
        assert one.job["complete"]
        assert one.job["total_symbols"] == sum(one.job["symbols"].values()) == one.video["symbols_received"]
        without_bits = sum(keyframe["symbols"] for keyframe in one.keyframes)
        assert 0 < one.job["symbols"]["keyframe"] - without_bits < 0.7 * without_bits, "what they are"
        assert one.job["mcs"]["keyframe"]["analogue"] == len(one.keyframes)
        assert {keyframe["crf"] for keyframe in one.keyframes} == {None}
        assert all(keyframe["delivered"] for keyframe in one.keyframes)


def test_over_ofdm_a_target_is_kept(send: Callable[..., Sent]) -> None:
    sent = send(8.0, waveform="ofdm", target_cbr=1e-2)
    assert 0.5e-2 < sent.job["cbr"] <= 1.02e-2
    assert sent.video["keyframes_lost"] == 0
    assert sent.psnr_db > 18
