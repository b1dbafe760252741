from __future__ import annotations

import base64
import dataclasses
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser

import av
import numpy as np
import pytest

from console.demo.measure import FramePair
from console.demo.page import build_page
from console.demo.pictures import take_still
from console.demo.report import Findings, build_report
from console.demo.sound import Heard
from tests.synthetic_sound import bursts

VOID = {"meta", "img", "br", "hr", "link", "input"}
HOSTILE = '<script>alert("x")</script> & "quotes" ünïcode'


class Balanced(HTMLParser):
    """Fails on a tag that is closed out of order; notes every tag and attribute."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def page(make_findings: Callable[..., Findings], make_pair: Callable[..., FramePair]) -> str:
    findings = make_findings(text=HOSTILE)
    noise = np.random.default_rng(0).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    stills = [
        take_still(make_pair(frame, noise), findings.timeline, noise.shape[1::-1]) for frame in (0, 40, 100)
    ]
    return build_page(build_report(findings), findings, stills)


def test_the_gain_of_ofdm_is_a_map_over_time_and_frequency(make_findings: Callable[..., Findings]) -> None:
    findings = make_findings()
    assert "A single carrier: one symbol after the other." in build_page(build_report(findings), findings, [])
    findings.transmission["options"] |= {"waveform": "ofdm", "numerology": None, "resource_blocks": 3}
    rows = [[float(n), -5.0, None] for n in range(20)]
    with_grid = dataclasses.replace(findings, gains={"symbols": 36, "bands": 3, "gain_db": rows})
    report = build_report(with_grid)
    assert report["waveform"]["cyclic_prefix_samples"] == 4.5
    assert report["waveform"]["cyclic_prefix_us"] == pytest.approx(4.6875)
    assert report["waveform"]["cyclic_prefix_share"] == pytest.approx(1 / 15)
    page = build_page(report, with_grid, [])
    text = "".join(parsed(page).text)
    assert "36 subcarriers 15 kHz apart, numerology 0" in text
    assert "frequency, kHz" in text


def test_an_snr_that_follows_a_trace_is_not_one_number(make_findings: Callable[..., Findings]) -> None:
    conditions = {"model": "trace", "snr_db": 10.0, "snr_trace": [[0.0, 5.0]]}
    findings = dataclasses.replace(make_findings(), conditions=conditions)
    report = build_report(findings)
    assert report["snr_db"] is None
    assert "whose SNR follows a trace" in build_page(report, findings, [])


def parsed(page: str) -> Balanced:
    parser = Balanced()
    parser.feed(page)
    parser.close()
    return parser


def test_the_html_is_well_formed(page: str) -> None:
    parser = parsed(page)
    assert parser.open == []
    assert page.startswith("<!DOCTYPE html>")
    names = [tag for tag, _ in parser.tags]
    assert names.count("svg") == 5
    assert names.count("img") == 6


def test_it_loads_nothing_from_elsewhere(page: str) -> None:
    assert not re.search(r"https?:|//[a-z]", re.sub(r"base64,[A-Za-z0-9+/=\s]*", "", page))
    for tag, attributes in parsed(page).tags:
        assert tag not in {"script", "iframe", "link", "object", "embed"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "xlink:href"}:
                assert value is not None
                assert value.startswith(("data:image/", "data:audio/mp4;base64,", "#")), (tag, name)


def test_what_was_done_to_the_source_is_said(page: str) -> None:
    assert "<p>Seen &amp; said.</p>" in page


def test_text_from_outside_is_escaped(page: str) -> None:
    assert "<script" not in page
    text = "".join(parsed(page).text)
    assert HOSTILE in text
    assert "a <b> & c.mp4" in text


def test_plots_take_the_colour_of_the_page(page: str) -> None:
    assert "currentColor" in page
    assert "#010203" not in page


def test_ids_are_unique_so_that_plots_do_not_clip_each_other(page: str) -> None:
    ids = [attributes["id"] for _, attributes in parsed(page).tags if "id" in attributes]
    assert ids
    assert len(set(ids)) == len(ids)


def test_a_page_without_candidates_symbols_and_stills(make_findings: Callable[..., Findings]) -> None:
    findings = make_findings()
    bare = dataclasses.replace(
        findings,
        semantics={**findings.semantics, "candidates": [], "captions": []},
        constellation={"i": [], "q": [], "class": []},
    )
    page = build_page(build_report(bare), bare, [])
    assert parsed(page).open == []
    assert "No candidate frames were compared" in page


def test_what_a_network_drew_is_said(page: str, make_findings: Callable[..., Findings]) -> None:
    assert "as the network restorer.onnx restores them" in page
    assert "the network 0123456789abcdef corrects what is drawn" in page
    findings = make_findings()
    networks = ("restorer", "synthesiser")
    plain = {name: value for name, value in findings.video.items() if name not in networks}
    bare = dataclasses.replace(findings, video=plain)
    page_without = build_page(build_report(bare), bare, [])
    assert "restores them" not in page_without
    assert "corrects what is drawn" not in page_without


def test_tokens_that_were_drawn_are_told_of(page: str, make_findings: Callable[..., Findings]) -> None:
    assert "tokens" not in page
    findings = make_findings()
    sent = {"model": "hf:a/b", "keyframes": 5, "sent": 1_200, "lost": 64, "left_out": 80}
    other = dataclasses.replace(
        findings,
        transmission=findings.transmission | {"tokens": sent},
        video=findings.video | {"tokens": {"received": 1_136, "drawn": 144}},
    )
    told = build_page(build_report(other), other, [])
    assert "tokens of hf:a/b: 1,200 were sent, 64 of them lost, and 144 drawn by the receiver" in told


def test_the_air_is_told_of_over_the_whole_transmission(page: str) -> None:
    assert "10.0 dB realised" in page
    assert "50,321 symbols that it knew" in page
    assert "In the last burst alone it was 9.9 dB" in page
    assert "A burst is what crosses at once" in page


SENT = {
    "codec": "opus", "reason": "no CBR to meet: the usual rate", "bit_rate": 16_000, "channels": 2,
    "packet_ms": 20,
    "seconds": 9.0, "bits": 142_000, "symbols": 61_000, "share": 0.25, "blocks_lost": 1,
}  # fmt: skip
RECEIVED = {
    "codec": "opus", "channels": 2, "packet_ms": 20, "seconds": 9.0, "packets_received": 400,
    "packets_lost": 50,
    "packets_undecodable": 0, "concealed_s": 1.0,
}  # fmt: skip


def test_both_sounds_can_be_heard_and_seen(make_findings: Callable[..., Findings]) -> None:
    findings = make_findings()
    sounding = dataclasses.replace(
        findings,
        transmission={**findings.transmission, "sound": SENT},
        video={**findings.video, "sound": RECEIVED},
    )
    heard = Heard(bursts(1.5, 2), bursts(1.4, 2))
    page = build_page(build_report(sounding), sounding, [], heard)
    parser = parsed(page)
    assert parser.open == []
    players = [attributes["src"] for tag, attributes in parser.tags if tag == "audio"]
    assert len(players) == 2
    for src, seconds in zip(players, (1.5, 1.4), strict=True):
        assert src is not None
        kind, data = src.split(",")
        assert kind == "data:audio/mp4;base64"
        with av.open(io.BytesIO(base64.b64decode(data))) as file:
            assert float(file.streams.audio[0].duration * file.streams.audio[0].time_base) == pytest.approx(
                seconds, abs=0.025
            )
    assert [tag for tag, _ in parser.tags].count("svg") == 6
    text = " ".join("".join(parser.text).split())
    assert "Opus, stereo, at 16 kbit/s (no CBR to meet: the usual rate): 15.8 kbit/s were needed" in text
    assert "61,000 symbols, 25.00 % of all" in text
    assert "Of 450 packets 50 were lost; 1.00 s were made up." in text
    ids = [attributes["id"] for _, attributes in parser.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)


def test_why_there_is_no_sound_is_said(make_findings: Callable[..., Findings]) -> None:
    findings = make_findings()
    sent = {"codec": "none", "reason": "the source has none", "bit_rate": None}
    silent = dataclasses.replace(findings, transmission={**findings.transmission, "sound": sent})
    page = build_page(build_report(silent), silent, [])
    assert "No sound was sent: the source has none." in "".join(parsed(page).text)
    assert "<audio" not in page
