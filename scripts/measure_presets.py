"""What presets and tunes of the rival video codes cost and bring on one clip, at full size and frame rate.

    python scripts/measure_presets.py CLIP [--lpips MODEL.onnx] [--only av1]

Prints one line per setting: bytes, seconds of CPU, and means over every seventh frame. The table in
docs/metrics-and-rivals.md quotes it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2

from evaluation.clips import load
from evaluation.judges.lpips import Lpips
from evaluation.judges.ms_ssim import ms_ssim
from evaluation.methods.quality import Judge
from evaluation.methods.video_code import (
    AV1,
    H264,
    H265,
    Setting,
    VideoCode,
    decode,
    encode,
    full_picture,
    shown_at,
)
from semvid.fidelity import psnr_db

CODES = {"av1": (AV1, (63, 56)), "h265": (H265, (45, 38)), "h264": (H264, (45, 38))}
CHANGES: dict[str, list[dict[str, str]]] = {
    "av1": [
        *({"preset": preset} for preset in ("6", "4", "2")),
        *({"preset": "4", "svtav1-params": f"keyint=-1:lp=1:tune={tune}:crf={{crf:g}}"} for tune in (1, 2)),
    ],
    "h265": [
        *({"preset": preset} for preset in ("medium", "slow", "slower")),
        *({"preset": "slow", "tune": tune} for tune in ("ssim", "psnr")),
    ],
    "h264": [
        *({"preset": "veryslow", "tune": tune} for tune in ("ssim", "psnr", "film")),
        {"preset": "slower", "tune": "ssim"},
    ],
}


def changed(code: VideoCode, change: dict[str, str]) -> VideoCode:
    def options(crf: float, final: bool) -> dict[str, str]:
        return code.options(crf, final) | {name: value.format(crf=crf) for name, value in change.items()}

    return replace(code, options=options)


def main() -> None:
    parser = argparse.ArgumentParser(description="presets and tunes of the rival video codes")
    parser.add_argument("clip", type=Path)
    parser.add_argument("--lpips", type=Path)
    parser.add_argument("--only", choices=CODES)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    judges = [Judge("psnr_db", psnr_db), Judge("ms_ssim", ms_ssim)]
    if arguments.lpips:
        judges.append(Judge("lpips", Lpips(arguments.lpips)))
    with tempfile.TemporaryDirectory() as folder:
        clip = load(arguments.clip, Path(folder))
        size = clip.source.width, clip.source.height
        for name in [arguments.only] if arguments.only else CODES:
            for change in CHANGES[name]:
                for crf in CODES[name][1]:
                    code = changed(CODES[name][0], change)
                    started = time.process_time()
                    setting = Setting(1, 1, crf, final=True)
                    stream = encode(code, clip.pictures, clip.source.frame_rate, setting)
                    seconds = time.process_time() - started
                    planes = decode(code, stream, stream.packets)

                    def shown(index: int, stream=stream, planes=planes):  # type: ignore[no-untyped-def]
                        return full_picture(stream, shown_at(stream, planes, index), *size)

                    scores = "  ".join(f"{judge.name} {judge.mean(clip, shown):.4f}" for judge in judges)
                    print(
                        f"{name} {change} crf {crf}: {stream.size} bytes, {seconds:.1f} s  {scores}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
