"""The report as one self-contained page: no scripts, nothing loaded from elsewhere."""

import base64
import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from console.demo import plots, wording
from console.demo.gain_plot import gain_plot
from console.demo.pictures import Still
from console.demo.report import Findings
from console.demo.sound import Heard

_MOST_CAPTIONS = 200


def build_page(
    report: Mapping[str, Any], findings: Findings, stills: Sequence[Still], heard: Heard | None = None
) -> str:
    """The HTML of ``report.html``.

    Args:
        report: the document of ``report.json``.
        findings: what it was made from.
        stills: pictures to show, in order.
        heard: the sound of both; None where none came out.
    """
    pages = Environment(loader=PackageLoader("console.demo", ""), autoescape=True, undefined=StrictUndefined)
    pages.filters["data_uri"] = _data_uri
    starts_s = {k["number"]: k["time_s"] for k in findings.semantics["keyframes"]}
    return pages.get_template("page.html.j2").render(
        report=report,
        findings=findings,
        stills=stills,
        heard=heard,
        plots=plots,
        gain_plot=gain_plot,
        wording=wording,
        provenances=plots.provenance_legend(),
        schemes=[
            (name, scheme, blocks)
            for name, schemes in report["mcs"].items()
            for scheme, blocks in schemes.items()
        ],
        captions=[
            (
                f"{starts_s.get(c['first'], 0):.2f} - {starts_s.get(c['last'], report['duration_s']):.2f} s",
                c["text"],
                c.get("bytes", ""),
            )
            for c in report["captions"][:_MOST_CAPTIONS]
        ],
        command=shlex.join(report["command"]),
        settings=[
            (name, value if isinstance(value, str) else json.dumps(value))
            for name, value in report["options"].items()
        ],
        seconds=[
            (service, stage, f"{value:.2f}")
            for service, stages in report["seconds"].items()
            for stage, value in stages.items()
        ],
    )


def _data_uri(data: bytes, kind: str = "image/jpeg") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
