"""The Markdown table of `evaluation.rate_quality`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_TARGET_PSNR_DB = 30.6


def table(result: dict[str, Any]) -> str:
    """Three tables: against the rivals, few keyframes, what PSSS brings."""
    clips, made = result["clips"], result["provenance"]
    return "\n".join(
        [
            "# Rate and quality",
            "",
            f"`{made['command']}`, commit {made['commit']}, {made['date']}, AWGN {result['snr_db']:g} dB, "
            "every symbol counted. "
            + ", ".join(f"{name} {version}" for name, version in made["versions"].items())
            + ". What is compared with what: the text at the top of `evaluation/rate_quality.py`.",
            "",
            "## (a) At the default setting, against rivals at equal symbols (LPIPS, lower is better)",
            "",
            *_against_rivals(clips),
            "",
            "## (b) Four keyframes per 16 s",
            "",
            *_few_keyframes(clips),
            "",
            "## (c) What PSSS brings",
            "",
            *_psss(clips),
            "",
        ]
    )


def _against_rivals(clips: Sequence[dict[str, Any]]) -> list[str]:
    rows = [
        "| clip | CBR | keyframes/s | PSNR dB | semvid | uniform hull | SVT-AV1 hull |",
        "|---|---|---|---|---|---|---|",
    ]
    for clip in clips:
        ours = clip["semvid"]
        rows.append(
            f"| {clip['clip']} | {ours['cbr']:.2e} | {_per_second(clip):.1f} | {ours['psnr_db']:.1f} "
            f"| {ours['lpips']:.4f} | {_value(clip['uniform_lpips_at_our_cbr'], ours['lpips'])} "
            f"| {_value(clip['av1_lpips_at_our_cbr'], ours['lpips'])} |"
        )
    mean_cbr = np.mean([clip["semvid"]["cbr"] for clip in clips])
    ours_mean = np.mean([clip["semvid"]["lpips"] for clip in clips])
    uniform = [
        (clip["semvid"]["lpips"], clip["uniform_lpips_at_our_cbr"])
        for clip in clips
        if clip["uniform_lpips_at_our_cbr"] is not None
    ]
    av1_wins = sum(
        clip["av1_lpips_at_our_cbr"] is None or clip["semvid"]["lpips"] < clip["av1_lpips_at_our_cbr"]
        for clip in clips
    )
    rows += [
        "",
        f"Mean CBR {mean_cbr:.2e}, mean LPIPS {ours_mean:.4f}. Against the uniform hull: "
        f"{np.mean([a for a, _ in uniform]):.4f} and {np.mean([b for _, b in uniform]):.4f} over the "
        f"{len(uniform)} clips where it reaches our CBR, mean difference "
        f"{100 * np.mean([a / b - 1 for a, b in uniform]):+.1f} %, better on "
        f"{sum(a < b for a, b in uniform)}. Better than the SVT-AV1 hull on {av1_wins} of {len(clips)} "
        "(“none”: no setting of it is as cheap).",
    ]
    return rows


def _few_keyframes(clips: Sequence[dict[str, Any]]) -> list[str]:
    rows = ["| CRF | keyframe PSNR dB, mean | CBR, mean | CBR, largest |", "|---|---|---|---|"]
    for index, point in enumerate(clips[0]["four_keyframes_per_16_s"]):
        all_clips = [clip["four_keyframes_per_16_s"][index] for clip in clips]
        cbrs = [p["cbr"] for p in all_clips]
        rows.append(
            f"| {point['crf']} | {np.mean([p['keyframe_psnr_db'] for p in all_clips]):.2f} "
            f"| {np.mean(cbrs):.2e} | {max(cbrs):.2e} |"
        )
    return [*rows, "", f"The paper's learned code reaches {_TARGET_PSNR_DB} dB with CBR 8e-4."]


def _psss(clips: Sequence[dict[str, Any]]) -> list[str]:
    rows = [
        "| | mean CBR | mean LPIPS | against uniform at its own CBR |",
        "|---|---|---|---|",
    ]
    for name, key, uniform_key in (
        ("bridging and PSSS (default)", "semvid", "uniform_lpips_at_our_cbr"),
        ("bridging alone", "semvid_without_psss", "uniform_lpips_at_cbr_without_psss"),
    ):
        pairs = [(c[key]["lpips"], c[uniform_key]) for c in clips if c[uniform_key] is not None]
        rows.append(
            f"| {name} | {np.mean([c[key]['cbr'] for c in clips]):.2e} "
            f"| {np.mean([c[key]['lpips'] for c in clips]):.4f} "
            f"| {100 * np.mean([a / b - 1 for a, b in pairs]):+.1f} % |"
        )
    return rows


def _per_second(clip: dict[str, Any]) -> float:
    return float(clip["semvid"]["keyframes"] / clip["seconds"])


def _value(rival: float | None, ours: float) -> str:
    if rival is None:
        return "none"
    return f"{rival:.4f}" if rival > ours else f"**{rival:.4f}**"
