"""The report as one self-contained page: no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any

from console.demo import plots, wording
from console.demo.pictures import Still
from console.demo.report import Findings

_MOST_CAPTIONS = 200


def build_page(report: Mapping[str, Any], findings: Findings, stills: Sequence[Still]) -> str:
    """The HTML of ``report.html``.

    Args:
        report: the document of ``report.json``.
        findings: what it was made from.
        stills: pictures to show, in order.
    """
    fps = float(report["fps"])
    timeline, fidelity = findings.timeline, findings.fidelity
    parts = [
        _head(report),
        f'<p class="lead">{escape(wording.summary(report))}</p>',
        _cards(wording.headline(report)),
        "<h2>Source and reconstruction</h2>",
        "<p>Left what went in, right what came out. Only keyframes, captions and motion scores crossed the "
        "channel; every other frame was made again at the receiver.</p>",
        _stills(stills),
        "<h2>Where keyframes were needed</h2>",
        f"<p>{escape(wording.selection(report))}</p>",
        _plot(plots.similarity_plot(findings.semantics, timeline, report["duration_s"], fps)),
        _legend(plots.provenance_legend()),
        "<h2>How close it is, frame by frame</h2>",
        f"<p>{escape(wording.closeness(report))}</p>",
        _plot(plots.fidelity_plot(fidelity, timeline, fps)),
        "<h2>What the channel was used for</h2>",
        f"<p>{escape(wording.ledger(report))}</p>",
        _plot(plots.symbols_plot(report["symbols"])),
        _link_section(report, findings),
        _captions(report, findings),
        _facts(report),
        f'<footer class="dim">semvid {escape(report["versions"].get("semvid", ""))}'
        f"{', commit ' + escape(report['commit']) if report['commit'] else ''}, "
        f"{escape(report['created_at'])}</footer>",
    ]
    frame = Template(resources.files("console.demo").joinpath("page.html").read_text(encoding="utf-8"))
    body = "\n".join(part for part in parts if part)
    return frame.substitute(title=f"semvid: {escape(report['clip'])}", body=body)


def _head(report: Mapping[str, Any]) -> str:
    origin = ", painted by the demo" if report["clip_generated"] else ""
    return (
        f"<h1>{escape(report['clip'])}</h1>"
        f'<p class="dim">{report["width"]}x{report["height"]} pixels, {report["fps"]:.4g} frames/s, '
        f"{report['duration_s']:.1f} s{origin}</p>"
    )


def _cards(cards: Iterable[tuple[str, str]]) -> str:
    inner = "".join(f'<div class="card"><b>{escape(v)}</b><span>{escape(t)}</span></div>' for v, t in cards)
    return f'<div class="cards">{inner}</div>'


def _stills(stills: Sequence[Still]) -> str:
    colours = dict(zip(("received", "regenerated", "concealed"), plots.provenance_legend(), strict=True))
    figures = []
    for still in stills:
        colour, meaning = colours[still.provenance]
        caption = f"{still.time_s:.2f} s, frame {still.frame}: {meaning}"
        if still.caption:
            caption += f". “{still.caption}”"
        figures.append(
            '<figure class="pair">'
            f'<img src="{_data_uri(still.source_jpeg)}" alt="source, frame {still.frame}">'
            f'<img src="{_data_uri(still.reconstruction_jpeg)}" alt="reconstruction, frame {still.frame}">'
            f"<figcaption>{_tag(colour)}{escape(caption)}</figcaption></figure>"
        )
    return f'<div class="stills">{"".join(figures)}</div>'


def _link_section(report: Mapping[str, Any], findings: Findings) -> str:
    rows = [
        (name, scheme, f"{blocks}")
        for name, schemes in report["mcs"].items()
        for scheme, blocks in schemes.items()
    ]
    table = _table(("class", "modulation and code rate", "blocks"), rows, numeric={2}) if rows else ""
    constellation = ""
    if findings.constellation.get("i"):
        constellation = f'<div class="plot square">{plots.constellation_plot(findings.constellation)}</div>'
    text = f"<p>{escape(wording.link(report))}</p>"
    return f'<h2>The link</h2>{text}<div class="columns">{constellation}<div class="wide">{table}</div></div>'


def _captions(report: Mapping[str, Any], findings: Findings) -> str:
    keyframes = {k["number"]: k["time_s"] for k in findings.semantics["keyframes"]}
    shown = report["captions"][:_MOST_CAPTIONS]
    rows = [
        (
            f"{keyframes.get(c['first'], 0):.2f} - {keyframes.get(c['last'], report['duration_s']):.2f} s",
            c["text"],
            f"{c.get('bytes', '')}",
        )
        for c in shown
    ]
    if not rows:
        return ""
    left = len(report["captions"]) - len(shown)
    more = f'<p class="dim">and {left} more in report.json</p>' if left else ""
    table = _table(("time", "text", "bytes"), rows, numeric={2})
    return f'<h2>Captions</h2><div class="wide">{table}</div>{more}'


def _facts(report: Mapping[str, Any]) -> str:
    settings = [(name, _plain(value)) for name, value in report["options"].items()]
    seconds = [
        (service, stage, f"{value:.2f}")
        for service, stages in report["seconds"].items()
        for stage, value in stages.items()
    ]
    versions = [(name, str(value)) for name, value in report["versions"].items()]
    return (
        "<h2>Settings, time and versions</h2>"
        f"<p><code>{escape(shlex.join(report['command']))}</code></p>"
        '<div class="columns">'
        f'<div class="wide">{_table(("option", "value"), settings)}</div>'
        f'<div class="wide">{_table(("where", "stage", "seconds"), seconds, numeric={2})}</div>'
        f'<div class="wide">{_table(("component", "version"), versions)}</div></div>'
    )


def _table(
    head: Sequence[str], rows: Iterable[Sequence[str]], numeric: frozenset[int] | set[int] = frozenset()
) -> str:
    def cell(column: int, text: str) -> str:
        return f'<td class="n">{escape(text)}</td>' if column in numeric else f"<td>{escape(text)}</td>"

    header = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(cell(c, text) for c, text in enumerate(row)) + "</tr>" for row in rows)
    return f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"


def _legend(entries: Iterable[tuple[str, str]]) -> str:
    return f'<p class="legend">{"".join(f"<span>{_tag(c)}{escape(t)}</span> " for c, t in entries)}</p>'


def _tag(colour: str) -> str:
    return f'<i class="tag" style="background:{colour}"></i>'


def _plot(svg: str) -> str:
    return f'<div class="plot">{svg}</div>'


def _data_uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
