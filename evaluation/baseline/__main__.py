"""``semvid baseline``: stills and videos by ready-made codes, LDPC and QAM, at equal symbols."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from console.flags import option_flags
from console.terminal import show_error
from evaluation.baseline.measured import Measures
from evaluation.baseline.plan import TRIALS
from evaluation.baseline.run import Asked, Result, check, files_of, send_all
from evaluation.bench.report.table import formatted
from evaluation.method import Conditions
from semvid.channel_options import ChannelOptions
from semvid.errors import InvalidInput, MissingComponent, SemvidError
from semvid.impairments import Impairment
from semvid.options import TransmissionOptions

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_TAKEN = {"channel", "target_cbr", "seed"}
# channel options that the laboratory's conditions have no place for
_WITHOUT = (set(TransmissionOptions.model_fields) - _TAKEN) | (
    set(ChannelOptions.model_fields) - {field.name for field in dataclasses.fields(Conditions)}
)
_COLUMNS = (
    ("file", "{file}"),
    ("code", "{code}"),
    ("CBR", "{cbr:.3g}"),
    ("PSNR, dB", "{psnr_db:.2f}"),
    ("MS-SSIM", "{ms_ssim:.4f}"),
    ("LPIPS", "{lpips}"),
    ("bytes", "{bytes}"),
    ("modulation and coding", "{mcs}"),
    ("", "{remark}"),
)


@app.command()
@option_flags(without=_WITHOUT, defaults={"channel": Impairment.AWGN, "snr_db": 10.0})
def baseline(
    files: Annotated[list[Path], typer.Argument(help="Stills and videos, or folders of them.")],
    options: dict[str, Any],
    code: Annotated[
        list[str] | None,
        typer.Option(
            "--code", help="av1, h265, webp, jpeg, jpeg-xl, jscc; videos: av1, h265, h264. (default all)"
        ),
    ] = None,
    planned_snr_db: Annotated[
        float | None,
        typer.Option(
            "--planned-snr-db",
            min=-30,
            max=60,
            help="Stills: plan for AWGN of this SNR, whatever comes.",
        ),
    ] = None,
    trials: Annotated[
        int,
        typer.Option("--trials", min=10, max=10_000, help="Pictures' worth that measure losses."),
    ] = TRIALS,
    judges: Annotated[
        Path | None, typer.Option("--judges", help="Folder with lpips_squeeze.onnx, for LPIPS.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for reconstructions and report.json.")] = Path(
        "baseline-out"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Sends stills and videos by ready-made codes, LDPC and QAM for a number of channel uses."""
    channel = options["channel"]
    conditions = Conditions(seed=options.get("seed", 0), **channel)
    asked = Asked(tuple(code or ()), options.get("target_cbr"), conditions, planned_snr_db, trials, out)
    paths = files_of(files)
    check(paths, asked)
    results = send_all(paths, asked, Measures(judges), lambda line: typer.echo(line, err=True))
    typer.echo(json.dumps(results, indent=2) if as_json else formatted(_COLUMNS, map(_row, results)))
    if not as_json:
        typer.echo(f"Reconstructions and ledgers: {out}")


def _row(result: Result) -> dict[str, Any]:
    settings = result.get("settings", {})
    mcs = settings.get("mcs", "")
    remark = "lost: grey is shown" if result.get("lost") else result.get("failed", "")
    empty = {"cbr": float("nan"), "psnr_db": float("nan"), "ms_ssim": float("nan")}
    lpips = f"{result['lpips']:.4f}" if "lpips" in result else ""
    row = empty | result | {"lpips": lpips, "bytes": settings.get("stream_bytes", ""), "remark": remark}
    return row | {"mcs": mcs if isinstance(mcs, str) else ", ".join(mcs)}


def main() -> None:
    """Entry point of ``python -m evaluation.baseline``."""
    try:
        app()
    except SemvidError as error:
        show_error(str(error))
        sys.exit(2 if isinstance(error, InvalidInput | MissingComponent) else 1)


if __name__ == "__main__":
    main()
