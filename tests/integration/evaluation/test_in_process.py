"""The laboratory's semvid is the semvid of the services: same symbols, same losses, same pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from console.local_services import Services, running_services
from evaluation.clips import Clip
from evaluation.method import Conditions
from evaluation.methods.semantic import Semvid
from semvid.client import ReceiverClient, TransmitterClient
from semvid.images.fidelity import psnr_db
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter
from tests.synthetic_clip import clip_frames

QUICK = {"coding_time": 0.1}  # which preset the coder takes changes nothing of what both do


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    path = tmp_path_factory.mktemp("clip") / "demo.mp4"
    frames = clip_frames(seed=0, frames=40)
    pictures = [cv2.resize(frame, (160, 90), interpolation=cv2.INTER_AREA) for frame in frames]
    with VideoWriter(path, 160, 90, Fraction(1, 24), crf=6) as writer:
        for index, picture in enumerate(pictures):
            writer.append(np.asarray(picture, np.uint8), index)
    source = probe(path)
    return Clip(path, source, [frame.picture for frame in read_frames(path, source)])


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("services")
    with running_services(folder / "data", folder / "logs") as running:
        yield running


@pytest.mark.parametrize(
    ("conditions", "options"),
    [
        (Conditions(10.0, seed=3), QUICK),
        (Conditions(6.0, seed=4), {"target_cbr": 2e-3, "coding_time": 0.25}),
        (Conditions(0.0, "rayleigh", 200, seed=15), {"retransmissions": 0, "quality": 45, **QUICK}),
        pytest.param(
            Conditions(0.0, "rayleigh", 200, seed=7),
            {"retransmissions": 0, "quality": 45, "coding": "low-delay", **QUICK},
            marks=pytest.mark.slow,  # often: losses in the one above, low delay in the one below
        ),
        (
            Conditions(6.0, "rayleigh", 200, seed=5),
            {
                "quality": 55,
                "coding": "low-delay",
                "deadline_s": 0.3,
                "channel": {"symbol_rate_hz": 20e3},
                **QUICK,
            },
        ),
        (Conditions(8.0, seed=6), {"target_cbr": 8e-3, "coding": "jscc"}),
    ],
    ids=[
        "clean",
        "small pictures",
        "fading, nothing repeated",
        "the same with low delay",
        "a deadline",
        "without bits",
    ],
)
def test_as_the_services(clip: Clip, services: Services, tmp_path: Path, conditions, options):
    untargeted = {name: value for name, value in options.items() if name != "target_cbr"}
    target_cbr = options.get("target_cbr")
    # not `run`, which asks again until what it spends is near the target
    lab = Semvid("semvid", **untargeted).run_once(clip, conditions, target_cbr)
    emulated = {
        **options.get("channel", {}),
        "model": conditions.model,
        "snr_db": conditions.snr_db,
        "seed": conditions.seed,
    }
    if conditions.coherence_symbols:
        emulated["coherence_symbols"] = conditions.coherence_symbols
    with (
        TransmitterClient(services.addresses.transmitter_url) as transmitter,
        ReceiverClient(services.addresses.receiver_url) as receiver,
    ):
        job = transmitter.submit(clip.path, {**options, "channel": emulated})["id"]
        sent = transmitter.watch(job)
        video = receiver.wait(job)
        arrivals = transmitter.semantics(job)["arrivals"]
        mp4 = receiver.fetch(job, tmp_path / "received.mp4")
    assert not lab.failed
    assert lab.symbols == sent["symbols"]
    assert lab.crossed == sent["total_symbols"]
    assert lab.settings["mcs"] == sent["mcs"]
    assert lab.settings["operating_point"] == sent["operating_point"]
    assert (sent["operating_point"]["scale"] > 1) == ("target_cbr" in options)
    for name in ("blocks_lost", "keyframes_lost", "keyframes_undecodable", "keyframes_given_up"):
        assert lab.settings[name] == video[name]
    assert bool(lab.settings["keyframes_lost"]) == (conditions.model == "rayleigh")
    assert lab.settings.get("delays") == sent.get("delays")
    if "deadline_s" in options:
        assert sent["delays"]["generated"] == video["keyframes_lost"] > 0
        assert 0 < sent["delays"]["kept"] <= sent["delays"]["segments"]
        assert len(arrivals) == sent["delays"]["segments"]
        assert sum(not one["picture"] for one in arrivals) == sent["delays"]["generated"]
    received = [frame.picture for frame in read_frames(mp4, probe(mp4))]
    shown = list(lab.pictures())
    assert len(shown) == len(clip.pictures)
    # the MP4 is a second coding of the same pictures, at CRF 16
    for ours, theirs in zip(shown, received, strict=False):
        assert psnr_db(ours, theirs) > 33
    assert len(received) == len(shown) - lab.settings.get("frames_held_at_the_end", 0)
