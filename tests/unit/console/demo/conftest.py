from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from console.demo.measure import Fidelity, FramePair
from console.demo.report import Findings
from console.demo.timeline import Timeline
from semvid.images.fidelity import psnr_db, ssim

_KEYFRAMES = [(0, "first"), (30, "bridge"), (72, "semantic"), (125, "cut"), (170, "max_gap"), (215, "last")]


@pytest.fixture
def make_findings() -> Callable[..., Findings]:
    """Findings as the services would give them for 216 frames at 24 frames/s."""

    def make(fidelity: Fidelity | None = None, text: str = "A sailing boat crosses a lake.") -> Findings:
        keyframes = [
            {
                "number": n, "frame": f, "time_s": f / 24, "reason": reason, "shot_start": reason == "cut",
                "bytes": 900 - 60 * n, "refresh": n in (0, 3),
            }
            for n, (f, reason) in enumerate(_KEYFRAMES)
        ]  # fmt: skip
        segments = []
        for n, (first, _) in enumerate(_KEYFRAMES):
            run = {"segment": n, "first_frame": first, "last_frame": first, "provenance": "received"}
            segments.append({**run, "caption": text, "motion": None, "reason": ""})
            if n + 1 < len(_KEYFRAMES):
                provenance = "concealed" if n == 1 else "regenerated"
                run = {"segment": n, "first_frame": first + 1, "last_frame": _KEYFRAMES[n + 1][0] - 1}
                segments.append(
                    {**run, "provenance": provenance, "caption": text, "motion": 12, "reason": ""}
                )
        candidates = [
            {
                "frame": round(4.8 * n), "time_s": 0.2 * n, "reference_frame": 0,
                "p_yes": 0.5 - 0.4 * math.sin(n / 3), "p_no": 0.45 + 0.4 * math.sin(n / 3),
                "s_rel": -0.05 + 0.8 * math.sin(n / 3), "mass": 0.95, "decision": math.sin(n / 3) > 0.95,
            }
            for n in range(1, 45)
        ]  # fmt: skip
        rng = np.random.default_rng(1)
        points = rng.choice([-1, 1], (2, 1200)) * 0.707 + rng.normal(0, 0.15, (2, 1200))
        if fidelity is None:
            wave = [28 + 4 * math.cos(f / 7) for f in range(216)]
            fidelity = Fidelity(216, 216, 0.0, [f / 24 for f in range(216)], wave, [w / 40 for w in wave])
        symbols = {
            "pilot": 900, "control": 704, "header": 220, "caption": 674, "keyframe": 14_300,
            "retransmission": 1_210,
        }  # fmt: skip
        transmission = {
            "id": "3f0c9a7be1d24c58",
            "state": "SUCCEEDED",
            "source": {
                "width": 576, "height": 320, "frame_rate": 24.0, "duration_s": 9.0, "frames": 216,
                "codec": "h264", "pixel_aspect": "1:1", "colour": {"transfer": "BT.709"},
                "remarks": ["Seen & said."],
            },
            "options": {"seed": 7, "keyframe_method": "skem", "threshold": 0.35, "quality": None},
            "symbols": symbols,
            "bits": {"header": 240, "caption": 964, "keyframe": 30_800},
            "total_symbols": sum(symbols.values()),
            "mcs": {"header": {"QPSK 120/1024": 2}, "keyframe": {"16QAM 616/1024": 6}},
            "layers": {
                "0": {"sent": 3, "bytes": 2_100, "given_up": 0, "lost": 1},
                "1": {"sent": 2, "bytes": 1_050, "given_up": 1, "lost": 0},
            },
            "segments": 5,
            "bursts_sent": 12,
            "blocks_sent": 9,
            "blocks_lost": 1,
            "retransmissions": 2,
            "seconds": {"analyse": 2.1, "send": 0.4},
            "versions": {"transmitter": "0.1.0"},
        }  # fmt: skip
        return Findings(
            clip_name="a <b> & c.mp4",
            credit="",
            command=["semvid", "demo", "a <b> & c.mp4"],
            conditions={"model": "awgn", "snr_db": 10.0, "seed": 7},
            transmission=transmission,
            semantics={
                "keyframes": keyframes, "candidates": candidates, "threshold": 0.35, "rule": "relative",
                "focus": "general",
                "captions": [{"first": 0, "last": 3, "text": text, "bytes": 21}],
            },
            video={
                "restorer": "restorer.onnx",
                "synthesiser": "0123456789abcdef",
                "state": "SUCCEEDED",
                "snr_db": 9.9,
                "effective_snr_db": 9.8,
                "realised_snr_db": 10.04,
                "known_symbols": 50_321,
                "seconds": {"all": 3.0},
            },
            segments=segments,
            gains={"symbols": 64, "bands": 1, "gain_db": [[0.1], [-3.0], [None], [0.5]]},
            constellation={"i": points[0].tolist(), "q": points[1].tolist(), "class": ["bulk"] * 1200},
            fidelity=fidelity,
            timeline=Timeline(segments, keyframes),
            seconds={"transmit": 4.0},
        )  # fmt: skip

    return make


@pytest.fixture
def make_pair() -> Callable[..., FramePair]:
    """A frame and its blurred likeness."""

    def make(index: int, source: np.ndarray, fidelity: Fidelity | None = None) -> FramePair:
        blurred = np.asarray(cv2.GaussianBlur(source, (0, 0), 1.5), np.uint8)
        if fidelity is not None:
            fidelity.frames_in += 1
            fidelity.frames_out += 1
            fidelity.time_s.append(index / 24)
            fidelity.psnr_db.append(psnr_db(source, blurred))
            fidelity.ssim.append(ssim(source, blurred))
        return FramePair(index, index, index / 24, source, blurred)

    return make
