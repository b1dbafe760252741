"""``semvid bench``: run a set, report on a folder, prepare clips."""

import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from console.terminal import show_error
from evaluation.judge import Weights
from semvid.errors import InvalidInput, SemvidError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Compares semvid with its rivals.",
)


@app.command("run")
def run_command(
    out: Annotated[Path, typer.Option("--out", help="Folder for records; what is there is kept.")],
    chosen: Annotated[
        str, typer.Option("--set", help="quick, full, paper/NAME, or a TOML file of your own.")
    ] = "quick",
    media: Annotated[Path | None, typer.Option("--media", help="Folder of clips with an index.json.")] = None,
    judges: Annotated[
        Path | None, typer.Option("--judges", help="Folder with judges.py and its small networks.")
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option("--weights", help="JUDGE=PATH_OR_HUB_ID, for example action=/models/x."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="Processes.")] = os.cpu_count()
    or 1,
    cell_seconds: Annotated[float, typer.Option("--cell-seconds", min=1, help="Limit of one cell.")] = 900,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run failed cells again.")] = False,
) -> None:
    """Fills a folder with a record for every cell of a set; what is there already is not run again."""
    from evaluation.bench.sets import load_set
    from evaluation.bench.sweep import run

    models = {}
    for given in weights or []:
        name, equals, model = given.partition("=")
        if not (name and equals and model):
            raise InvalidInput(f"--weights: must be JUDGE=PATH_OR_HUB_ID, got {given!r}")
        models[name] = model
    tally = run(
        load_set(chosen),
        out,
        lambda line: typer.echo(line, err=True),
        media=media,
        weights=Weights(judges, models),
        workers=workers,
        cell_seconds=cell_seconds,
        retry_failed=retry_failed,
        command=shlex.join(["semvid", "bench", *sys.argv[1:]]),
    )
    typer.echo(
        f"{out}: {tally.there} cells were there, {tally.done} done, {tally.failed} of them failed and are "
        f"shown so, {tally.not_run} could not run on this machine and will be tried again. "
        f"Next: semvid bench report {out}"
    )


@app.command("report")
def report_command(
    folder: Annotated[Path, typer.Argument(help="Folder that `semvid bench run` filled.")],
) -> None:
    """Makes report.md, report.html and plots from the records of a folder."""
    from evaluation.bench.report import write_report

    for path in write_report(folder):
        typer.echo(path)


@app.command("publish")
def publish_command(
    folder: Annotated[Path, typer.Argument(help="Folder that `semvid bench run` filled.")],
    target: Annotated[Path, typer.Argument(help="Folder for what can be committed.")],
) -> None:
    """Writes run.json, records.jsonl, report.md and plots, none of which names a folder of this machine."""
    from evaluation.bench import records
    from evaluation.bench.report import write_report

    records.publish(folder, target)
    for path in write_report(target, page=False):
        typer.echo(path)


@app.command("psss")
def psss_command(
    media: Annotated[Path, typer.Option("--media", help="Folder of clips with an index.json.")],
    judges: Annotated[Path, typer.Option("--judges", help="Folder with judges.py and its small networks.")],
    out: Annotated[Path, typer.Option("--out", help="JSON file; the report is written beside it.")],
    mllm: Annotated[
        str, typer.Option("--mllm", help="embedded, hf:ID-OR-PATH or openai:URL#MODEL.")
    ] = "embedded",
    clip: Annotated[list[str] | None, typer.Option("--clip", help="Only this clip; may be repeated.")] = None,
    snr_db: Annotated[float, typer.Option("--snr-db", min=-20, max=40, help="Of the link, AWGN.")] = 10.0,
) -> None:
    """Does the score mean anything? Two experiments; docs/psss.md says what decides."""
    from evaluation.psss.experiments import run

    command = shlex.join(["semvid", "bench", *sys.argv[1:]])
    say = partial(typer.echo, err=True)
    typer.echo(run(media, judges, mllm, clip or [], snr_db, out, command, say))


@app.command("datasets")
def datasets_command(
    videos: Annotated[Path, typer.Argument(help="Folder of videos that you have.")],
    listing: Annotated[
        Path, typer.Option("--list", help="CSV with the columns file, and where known label, description.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the clips and their index.json.")],
    seconds: Annotated[float, typer.Option("--seconds", min=0.5, max=600, help="Longest clip.")] = 16.0,
) -> None:
    """Prepares clips of a data set that you have (WebVid, Kinetics, ...): scaled, cut, indexed."""
    from evaluation.bench.datasets import prepare

    index = prepare(videos, listing, out, seconds, lambda line: typer.echo(line, err=True))
    typer.echo(f"{index}: use it with --media {out}")


def main() -> None:
    """Entry point of ``python -m evaluation.bench``."""
    try:
        app()
    except SemvidError as error:
        show_error(str(error))
        sys.exit(2 if isinstance(error, InvalidInput) else 1)


if __name__ == "__main__":
    main()
