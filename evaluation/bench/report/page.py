"""The report as one page: no scripts, nothing loaded from elsewhere; stills side by side."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from evaluation.bench.cells import Cell
from evaluation.bench.report.results import Record, Results
from evaluation.bench.report.table import Table

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1d2126}
h1,h2{line-height:1.2}h2{margin-top:2.4rem;font-size:1.15rem}.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.82rem}th,td{border-bottom:1px solid #d6dae0;padding:.25rem
.6rem;text-align:left; white-space:nowrap}td:last-child{white-space:normal}img{max-width:100%}
.stills{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.6rem}
figure{margin:0}figcaption{font-size:.78rem;color:#555d66}
@media(prefers-color-scheme:dark){body{background:#15181c;color:#e6e9ec}th,td{border-color:#3a4048}
figcaption{color:#a0a6ae}img{background:#fff}}
"""


def build(
    title: str, lead: Sequence[str], plots: Mapping[str, bytes], tables: Sequence[Table], results: Results
) -> str:
    """The HTML of ``report.html``.

    Args:
        plots: PNG by name.
    """
    parts = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(line)}</p>" for line in lead if line)]
    parts += [f"<p><img alt='{escape(name)}' src='{_uri(data, 'png')}'></p>" for name, data in plots.items()]
    parts += _stills(results)
    parts += [table.html() for table in tables]
    body = "\n".join(parts)
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head>"
        f"<body>\n{body}\n</body></html>\n"
    )


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _stills(results: Results) -> Iterator[str]:
    """One row of pictures for each clip and comparison of which stills were kept."""
    folder = results.folder / "stills"
    first = True
    for setting in results.settings():
        for clip in results.chosen.clips:
            shown = [
                (record, folder / f"{_cell_name(record)}.jpg")
                for record in results.at(setting)
                if record["clip"] == clip and (folder / f"{_cell_name(record)}.jpg").is_file()
            ]
            if not shown:
                continue
            if first:
                yield "<h2>Side by side</h2><p>The judged frame in the middle of each clip.</p>"
                first = False
            yield f"<h3>{escape(clip)}: {escape(str(setting))}</h3>"
            yield f"<p>{escape(shown[0][0].get('credit', ''))}</p><div class='stills'>"
            yield _figure(folder / f"{clip.replace(':', '-')}_source.jpg", "source")
            for record, path in shown:
                yield _figure(path, f"{record['method']}, CBR {record['cbr']:.2e}{_quality(record)}")
            yield "</div>"


def _figure(path: Path, caption: str) -> str:
    return (
        f"<figure><img alt='{escape(caption)}' src='{_uri(path.read_bytes(), 'jpeg')}'>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _quality(record: Record) -> str:
    metrics = record["metrics"]
    parts = [f"{metrics['psnr_db']:.1f} dB"] if "psnr_db" in metrics else []
    parts += [f"LPIPS {metrics['lpips']:.3f}"] if "lpips" in metrics else []
    return "".join(f", {part}" for part in parts)


def _cell_name(record: Record) -> str:
    return Cell(
        record["clip"], record["method"], record["snr_db"], record["channel_model"],
        record["coherence_symbols"], record["target"], record["target_cbr"], record["seed"],
    ).name  # fmt: skip
