from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest

from console.demo import wording
from console.demo.measure import Fidelity
from console.demo.report import Findings, build_report
from semvid.errors import LinkFailed

PROMISED = {
    *("frames_in", "frames_out", "width", "height", "fps", "duration_s", "snr_db", "channel_model", "cbr"),
    *(
        "symbols",
        "bits",
        "mcs",
        "layers",
        "bursts_sent",
        "blocks_sent",
        "blocks_lost",
        "retransmissions",
        "keyframes",
        "segments",
    ),
    *("psnr_db", "ssim", "seed", "versions", "seconds", "s_rel", "captions", "provenance"),
    *("snr_db_received", "clip", "command", "commit", "mean_fps", "first_stamp_s", "undecodable_frames"),
    *("snr_db_realised", "known_symbols"),
}

Make = Callable[..., Findings]


def test_every_promised_field_is_there_and_json(make_findings: Make) -> None:
    report = json.loads(json.dumps(build_report(make_findings()), allow_nan=False))
    assert report.keys() >= PROMISED
    assert report["keyframes"] == [0, 30, 72, 125, 170, 215]
    assert report["segments"] == 5
    assert report["seed"] == 7


def test_cbr_follows_its_definition(make_findings: Make) -> None:
    report = build_report(make_findings())
    total = sum(report["symbols"].values())
    assert report["total_symbols"] == total
    assert report["cbr"] == total / (3 * 216 * 576 * 320)
    assert report["symbols_per_second"] == pytest.approx(total / 9)


def test_duration_and_rates_follow_time_stamps(make_findings: Make) -> None:
    """216 frames at 24 a second, with a pause and the last one held: 20 seconds in all, after an hour."""
    findings = make_findings()
    source = {**findings.transmission["source"], "duration_s": 20.0, "first_stamp_s": 3600.5}
    sent = {**findings.transmission, "source": source, "undecodable_frames": 3}
    report = build_report(dataclasses.replace(findings, transmission=sent))
    assert (report["duration_s"], report["fps"], report["mean_fps"]) == (20, 24, 10.8)
    assert report["symbols_per_second"] == report["total_symbols"] / 20
    assert report["kbit_per_second"] == report["total_bits"] / 20_000
    assert "All 216 frames came out. 3 frames of the source do not decode" in wording.summary(report)
    assert wording.pace(report) == (
        "24 frames/s (10.8 on average), 20.0 s; its first time stamp, 3600.500 s, is 0 here"
    )
    usual = build_report(findings)
    assert wording.pace(usual) == "24 frames/s, 9.0 s"
    assert "decode" not in wording.summary(usual)


def test_a_ledger_that_does_not_add_up_is_refused(make_findings: Make) -> None:
    findings = make_findings()
    broken = {**findings.transmission, "total_symbols": findings.transmission["total_symbols"] + 1}
    with pytest.raises(LinkFailed, match="ledger"):
        build_report(dataclasses.replace(findings, transmission=broken))


def test_provenance_counts_frames(make_findings: Make) -> None:
    assert build_report(make_findings())["provenance"] == {
        "received": 6,
        "concealed": 41,
        "regenerated": 169,
    }


def test_s_rel_summary_counts_decisions(make_findings: Make) -> None:
    findings = make_findings()
    s_rel = build_report(findings)["s_rel"]
    candidates = findings.semantics["candidates"]
    assert s_rel["candidates"] == len(candidates)
    assert s_rel["over_threshold"] == sum(c["s_rel"] > 0.35 for c in candidates) == 17
    assert s_rel["became_keyframes"] == sum(c["decision"] for c in candidates) == 6
    assert s_rel["max"] == max(c["s_rel"] for c in candidates)
    assert s_rel["mean_mass"] == pytest.approx(0.95)


def test_nothing_measured_is_null_and_not_a_number_made_up(make_findings: Make) -> None:
    report = build_report(make_findings(Fidelity(frames_in=216)))
    assert (report["psnr_db"], report["ssim"], report["frames_out"]) == (None, None, 0)
    assert "0 of 216 frames came out" in wording.summary(report)


def test_the_summary_says_how_much_it_was(make_findings: Make) -> None:
    text = wording.summary(build_report(make_findings()))
    assert "18,008 channel symbols" in text
    assert "0.0151 % of the 119 million sample values" in text
    assert "2,001 symbols and 3.56 kbit of information per second" in text
    assert "AWGN channel at 10.0 dB" in text


def test_layers_say_what_became_of_them() -> None:
    layer = {"sent": 3, "bytes": 2_100, "given_up": 0, "lost": 0}
    upper = {"sent": 1, "bytes": 90, "given_up": 2, "lost": 1}
    assert wording.layers({"layers": {"0": layer, "1": upper}}) == (
        "Keyframes by importance, anchors: 3 in 2,100 bytes; layer 1: 1 in 90 bytes, 2 given up, 1 lost."
    )
    assert wording.layers({"layers": {"0": layer}}) == ""
    assert wording.layers({"layers": {}}) == ""


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0, "0 %"), (1.5076e-4, "0.0151 %"), (0.5, "50.00 %"), (1e-9, "0.000000100 %"), (6.4e-4, "0.0640 %")],
)
def test_percent(ratio: float, text: str) -> None:
    assert wording.percent(ratio) == text


@pytest.mark.parametrize(("value", "text"), [(1.5076e-4, "1.51e-4"), (0.0, "0.00e0"), (0.02, "2.00e-2")])
def test_scientific(value: float, text: str) -> None:
    assert wording.scientific(value) == text


def test_selection_says_how_a_large_model_was_asked() -> None:
    s_rel = {
        "candidates": 9, "rule": "relative", "over_threshold": 3, "became_keyframes": 1, "focus": "general",
        "threshold": 0.35,
    }  # fmt: skip
    asked = {
        "mllm": "hf:x",
        "scoring": "direct",
        "prompts": "1",
        "search": "gallop",
        "warnings": ["low mass"],
    }
    text = wording.selection({"s_rel": s_rel, "keyframes_by_reason": {"first": 1}, "asked": asked})
    assert "model (hf:x, scoring direct, prompts 1) compared 9" in text
    assert "(2 lay behind such a one)" in text
    assert text.endswith("Warning: low mass.")
