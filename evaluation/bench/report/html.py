"""The report as one page (`page.html`): no scripts, nothing loaded from elsewhere; stills side by side."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from evaluation.bench.cells import Cell
from evaluation.bench.records import Record
from evaluation.bench.report.results import Results
from evaluation.bench.report.table import Table


def build(
    title: str, lead: Sequence[str], plots: Mapping[str, bytes], tables: Sequence[Table], results: Results
) -> str:
    """The HTML of ``report.html``.

    Args:
        plots: PNG by name.
    """
    environment = Environment(
        loader=PackageLoader("evaluation.bench", "report"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("page.html").render(
        title=title,
        lead=lead,
        plots=[(name, _uri(data, "png")) for name, data in plots.items()],
        rows=list(_stills(results)),
        tables=tables,
    )


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _stills(results: Results) -> Iterator[dict[str, Any]]:
    """One row of pictures for each clip and comparison of which stills were kept."""
    folder = results.folder / "stills"
    for setting in results.settings():
        for clip in results.chosen.clips:
            shown = [
                (record, path)
                for record in results.at(setting)
                if record["clip"] == clip and (path := folder / f"{_cell_name(record)}.jpg").is_file()
            ]
            if shown:
                pictures = [("source", folder / f"{clip.replace(':', '-')}_source.jpg")]
                pictures += [(f"{r['method']}, CBR {r['cbr']:.2e}{_quality(r)}", path) for r, path in shown]
                yield {
                    "title": f"{clip}: {setting}",
                    "credit": shown[0][0].get("credit", ""),
                    "pictures": [(caption, _uri(path.read_bytes(), "jpeg")) for caption, path in pictures],
                }


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
