"""The report of one demo as a JSON document."""

import platform
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from console.demo.measure import Fidelity
from console.demo.timeline import Timeline
from semvid.accounting import cbr
from semvid.errors import LinkFailed
from semvid.images.fidelity import PSNR_CAP_DB
from semvid.options import TransmissionOptions, WaveformName
from semvid.waveform import Ofdm

Json = dict[str, Any]
_LINK = ("mcs", "layers", "bursts_sent", "blocks_sent", "blocks_lost", "retransmissions")
_PACKAGES = ("semvid", "numpy", "opencv-python-headless", "av", "grpcio", "numba")


@dataclass(frozen=True)
class Findings:
    """All that is known after one demo.

    Attributes:
        clip_name: file name of the source.
        credit: who made the clip; empty where that is not known.
        command: how the demo was called.
        conditions: channel conditions that were asked for.
        transmission, semantics: the transmitter's resources.
        video, segments, constellation, gains: the receiver's.
        fidelity: measured on the fetched file.
        seconds: wall-clock seconds of the demo's own stages.
    """

    clip_name: str
    credit: str
    command: Sequence[str]
    conditions: Mapping[str, Any]
    transmission: Json
    semantics: Json
    video: Json
    segments: list[Json]
    constellation: Json
    gains: Json
    fidelity: Fidelity
    timeline: Timeline
    seconds: Mapping[str, float]


def build_report(findings: Findings) -> Json:
    """The document of ``report.json``.

    Raises:
        LinkFailed: the transmitter's ledger contradicts itself.
    """
    sent, seen, fidelity = findings.transmission, findings.video, findings.fidelity
    source = sent["source"]
    width, height, frames = source["width"], source["height"], fidelity.frames_in
    total = sum(sent["symbols"].values())
    if total != sent["total_symbols"]:
        raise LinkFailed(
            f"transmitter: its ledger sums to {total} symbols by class, but {sent['total_symbols']} in all; "
            "report this as a bug"
        )
    duration_s = float(source["duration_s"])
    bits = sum(sent["bits"].values())
    semantics = findings.semantics
    hdr = seen.get("hdr", "")
    values = f" in {hdr} code values (full range, 8 bits)" if hdr else ""
    return {
        "clip": findings.clip_name,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(findings.command),
        "commit": _commit(),
        "transmission_id": sent["id"],
        "width": width,
        "height": height,
        "pixel_aspect": source["pixel_aspect"],
        "colour": source["colour"],
        "remarks": source["remarks"],
        "hdr": hdr,
        "fps": float(source["frame_rate"]),
        "mean_fps": frames / duration_s,
        "frames_in": frames,
        "frames_out": fidelity.frames_out,
        "largest_time_error_s": fidelity.largest_time_error_s,
        "duration_s": duration_s,
        "first_stamp_s": source.get("first_stamp_s"),
        "undecodable_frames": sent.get("undecodable_frames", 0),
        "channel_model": findings.conditions["model"],
        # where a trace says what it is, no one number does
        "snr_db": None if findings.conditions.get("snr_trace") else findings.conditions["snr_db"],
        "channel": dict(findings.conditions),
        "waveform": waveform_facts(sent["options"]),
        "gains": findings.gains,
        "snr_db_realised": seen.get("realised_snr_db"),
        "known_symbols": seen.get("known_symbols"),
        "snr_db_received": seen.get("snr_db"),  # of the last burst
        "effective_snr_db_received": seen.get("effective_snr_db"),
        "cbr": cbr(total, frames, height, width),
        "total_symbols": total,
        "symbols": sent["symbols"],
        "symbols_per_second": total / duration_s,
        "bits": sent["bits"],
        "total_bits": bits,
        "kbit_per_second": bits / duration_s / 1000,
        **{name: sent[name] for name in _LINK},
        **{name: sent.get(name) for name in ("return_bytes", "return_link", "operating_point", "decoder")},
        "video_state": seen["state"],
        "restorer": seen.get("restorer", ""),
        "synthesiser": seen.get("synthesiser", ""),
        "tokens": None if sent.get("tokens") is None else sent["tokens"] | (seen.get("tokens") or {}),
        "coding": seen.get("coding", ""),
        "analogue_symbols": sum(k.get("symbols", 0) for k in semantics["keyframes"]),
        "keyframes": [k["frame"] for k in semantics["keyframes"]],
        "keyframes_by_reason": dict(Counter(k["reason"] for k in semantics["keyframes"])),
        "keyframe_bytes": sum(k["bytes"] for k in semantics["keyframes"]),
        "segments": sent["segments"],
        "provenance": dict(Counter(map(findings.timeline.provenance, range(fidelity.frames_out)))),
        "s_rel": _s_rel_summary(semantics),
        "delays": sent.get("delays"),  # null where nobody said how fast the link is
        "arrivals": semantics.get("arrivals", []),
        "sound": _sound(sent, seen),
        "captions": [_caption(c) for c in semantics["captions"]],
        "captions_lost": seen.get("captions_lost"),
        "psnr_db": fidelity.mean_psnr_db,
        "ssim": fidelity.mean_ssim,
        "metrics": {
            "psnr_db": f"RGB{values}, all pixels, mean over {len(fidelity.psnr_db)} frames, "
            f"identical frames as {PSNR_CAP_DB:g} dB",
            "ssim": f"BT.601 luma{values}, Gaussian window 11x11, sigma 1.5, mean over "
            f"{len(fidelity.ssim)} frames",
            "identical_frames": fidelity.identical_frames,
        },
        "asked": sent.get("asked"),
        "seed": sent["options"]["seed"],
        "options": sent["options"],
        "seconds": {
            "demo": dict(findings.seconds),
            "transmitter": sent.get("seconds", {}),
            "receiver": seen.get("seconds", {}),
        },
        "versions": {**sent.get("versions", {}), **_versions()},
    }


def waveform_facts(options: Mapping[str, Any]) -> Json:
    """How symbols became a signal; of OFDM its grid, and what the cyclic prefix takes."""
    signal = TransmissionOptions.model_validate(
        {name: options[name] for name in ("waveform", "numerology", "resource_blocks") if name in options}
    ).signal
    if not isinstance(signal, Ofdm):
        return {"name": WaveformName.SINGLE_CARRIER.value}
    return {
        "name": WaveformName.OFDM.value,
        "numerology": signal.numerology,
        "resource_blocks": signal.resource_blocks,
        "subcarriers": signal.subcarriers,
        "spacing_khz": signal.spacing_hz / 1e3,
        "fft_size": signal.fft_size,
        "cyclic_prefix_samples": signal.prefix_samples,
        "cyclic_prefix_us": signal.prefix_s * 1e6,
        "cyclic_prefix_share": signal.prefix_share,
    }


def _s_rel_summary(semantics: Json) -> Json:
    scores = [c["s_rel"] for c in semantics["candidates"]]
    masses = [c["mass"] for c in semantics["candidates"] if c.get("mass") is not None]
    decisive = "p_no" if semantics["rule"] == "absolute" else "s_rel"
    return {
        "candidates": len(scores),
        "over_threshold": sum(c[decisive] > semantics["threshold"] for c in semantics["candidates"]),
        "became_keyframes": sum(bool(c["decision"]) for c in semantics["candidates"]),
        "rule": semantics.get("rule"),
        "threshold": semantics.get("threshold"),
        "focus": semantics.get("focus"),
        "min": min(scores, default=None),
        "mean": sum(scores) / len(scores) if scores else None,
        "max": max(scores, default=None),
        "mean_mass": sum(masses) / len(masses) if masses else None,
    }


def _sound(sent: Json, seen: Json) -> Json | None:
    """What was chosen and what it cost, and under ``received`` what became of it."""
    if sent.get("sound") is None:
        return None
    chosen = {name: value for name, value in sent["sound"].items() if value is not None}
    return {**chosen, "received": seen.get("sound")}


def _caption(caption: Json) -> Json:
    return {name: caption[name] for name in ("first", "last", "text", "bytes") if name in caption}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed as a distribution"
    return found


def _commit() -> str | None:
    """The commit of the checkout that this file lies in; None outside of one."""
    folder = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None
