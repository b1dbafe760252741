"""Every family of generative decoders behind the real services: upload over REST, MP4 over REST.

Transmitter and channel are processes. The receivers are served in this one, because a process for each would
spend most of its time importing diffusers; `tests/integration/receiver/test_decoder_start.py` starts one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from receiver.app import create_app
from receiver.settings import ReceiverSettings
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter
from tests.e2e.conftest import HOST, Trio, wait_for
from tests.models.tiny_video import KINDS, checkpoint
from tests.synthetic_clip import clip_frames

pytestmark = pytest.mark.tiny_models
FRAMES, WIDTH, HEIGHT = 20, 96, 64
# the others' pictures are made in tests/unit/receiver/decoders/hf/test_families.py
OFTEN = ("ltx",)


@pytest.fixture(scope="module")
def generative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """A transmitter and a channel; receivers come and go."""
    trio = Trio(tmp_path_factory.mktemp("generative"))
    for service in ("channel", "transmitter"):
        trio.start(service)
    yield trio
    trio.stop()


@pytest.fixture(scope="module")
def small_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "small.mp4"
    with VideoWriter(path, WIDTH, HEIGHT, Fraction(1, 24)) as writer:
        for index, picture in enumerate(clip_frames(seed=5, frames=FRAMES, width=WIDTH, height=HEIGHT)):
            writer.append(picture, index)
    return path


@contextmanager
def receiver(trio: Trio, decoder: str, steps: int = 1) -> Iterator[Any]:
    """The receiver of ``trio`` with this decoder, as long as the context lasts; yields the decoder."""
    settings = ReceiverSettings.load(
        port=int(trio.receiver.rpartition(":")[2]),
        link_address=trio.receiver_link,
        data_dir=trio.folder / "receiver",
        decoder=decoder,
        decoder_device="cpu",
        decoder_steps=steps,
        decoder_guidance=1.0,
        workers=2,
        drain_s=2.0,
    )
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=settings.port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started, "the receiver's start")
        trio.wait_ready()
        yield app.state.service._transmissions.decoder
    finally:
        server.should_exit = True
        thread.join(60)


@pytest.mark.parametrize(
    "kind", [kind if kind in OFTEN else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_a_video_is_regenerated_end_to_end(
    generative: Trio, small_clip: Path, tmp_path: Path, kind: str
) -> None:
    trio = generative
    with receiver(trio, f"hf:{checkpoint(kind)}"):
        sent = trio.transmit(small_clip)
        assert sent["state"] == "SUCCEEDED", sent
        video = trio.wait_video(str(sent["id"]))
        assert (video["state"], video["decoder"]) == ("SUCCEEDED", f"hf:{kind}")
        path = trio.content(str(sent["id"]), tmp_path / "made.mp4")
        source, made = probe(small_clip), probe(path)
        assert (made.width, made.height) == (WIDTH, HEIGHT)
        stamps = [frame.pts * made.time_base for frame in read_frames(path, made)]
        assert stamps == [frame.pts * source.time_base for frame in read_frames(small_clip, source)]
        assert len(stamps) == FRAMES
        segments = trio._http.get(f"{trio.receiver}/v1/videos/{sent['id']}/segments").json()
        frames = [f for s in segments for f in range(s["first_frame"], s["last_frame"] + 1)]
        assert frames == list(range(FRAMES))
        regenerated = [s for s in segments if s["provenance"] == "regenerated" and not s["reason"]]
        assert regenerated
        assert not any(s["provenance"] == "concealed" for s in segments)


def test_steps_are_seen_while_a_segment_is_made(
    generative: Trio, small_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transformer waits in its third step until the progress of the second was read over REST."""
    trio, seen, steps = generative, threading.Event(), []
    with receiver(trio, f"hf:{checkpoint('ltx')}", steps=4) as decoder:
        transformer = decoder._family._pipeline.transformer
        forward = transformer.forward

        def held(*arguments: Any, **named: Any) -> Any:
            steps.append(1)
            assert len(steps) != 3 or seen.wait(60)
            return forward(*arguments, **named)

        monkeypatch.setattr(transformer, "forward", held)
        job_id = str(trio.submit(small_clip).json()["id"])
        wait_for(
            lambda: any(segment["progress"] == 0.5 for segment in trio.video(job_id).get("in_flight", [])),
            "half of the steps",
        )
        seen.set()
        assert trio.wait_video(job_id)["segments"]["concealed"] == 0
