"""The command line.

serve, send, fetch, ask, demo, iq, calibrate, keys, models, train, prompts, doctor, bench, baseline.

Exit codes: 0 done, 1 the transmission failed, 2 the input or an option is wrong.
"""

import json
import os
import runpy
import signal
import sys
import tempfile
from contextlib import ExitStack
from importlib import metadata
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import iq, keys, models, train
from console.flags import option_flags
from console.terminal import TerminalObserver, show_error
from semvid import errors
from semvid.impairments import Impairment
from semvid.options import AnsweredBy
from semvid.safe_path import forget_current_folder

if TYPE_CHECKING:
    from console.several import Outcome

# `semvid` may not import the services (import-linter); it starts them by the name of their module
SERVICES = ("transmitter", "channel", "receiver")
_BAD_INPUT = (
    errors.InvalidInput,
    errors.NotFound,
    errors.Gone,
    errors.MissingComponent,
    errors.Unauthorized,
    errors.Forbidden,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sends video as meaning over a noisy channel.",
)
app.add_typer(iq.app, name="iq")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.add_typer(train.app, name="train")

TransmitterUrl = Annotated[
    str, typer.Option("--transmitter", envvar="SEMVID_TRANSMITTER", help="Its address.")
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option("--calibration", help="Defaults that semvid calibrate wrote; other options win."),
]
_DEMO_CHANNEL = {"channel": Impairment.AWGN, "snr_db": 10.0}
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print the report, and nothing else, to stdout; of several files, a list."),
]
ReceiverUrl = Annotated[str, typer.Option("--receiver", envvar="SEMVID_RECEIVER", help="Its address.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"semvid {metadata.version('semvid')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")],
    executor: Annotated[
        str | None,
        typer.Option(
            "--executor", help="Receiver: where decoders run: local, ray or ray://HOST:PORT. (default local)"
        ),
    ] = None,
) -> None:
    """Runs one service until it is stopped; settings come from the environment (SEMVID_<SERVICE>_*)."""
    if service not in SERVICES:
        raise errors.InvalidInput(f"serve: there is no service {service!r}; choose {', '.join(SERVICES)}")
    if executor is not None:
        if service != "receiver":
            raise errors.InvalidInput(f"serve {service}: --executor belongs to the receiver")
        os.environ["SEMVID_RECEIVER_EXECUTOR"] = executor
    from console.local_services import require_ours

    require_ours(service)
    runpy.run_module(service, run_name="__main__", alter_sys=True)


@app.command()
@option_flags()
def send(
    options: dict[str, Any],
    clips: Annotated[
        list[Path] | None, typer.Argument(help="Video files, or folders of them; none with --live.")
    ] = None,
    transmitter: TransmitterUrl = "http://127.0.0.1:8081",
    calibration: CalibrationFile = None,
    out: Annotated[Path, typer.Option("--out", help="Several files: folder for the results.")] = Path(
        "send-out"
    ),
    live: Annotated[
        str | None,
        typer.Option(
            "--live", help="Camera, URL, file that grows, or - for standard input: sent while it comes."
        ),
    ] = None,
    pace: Annotated[
        bool, typer.Option("--pace", help="With --live: a file is played as if it came from a camera.")
    ] = False,
    source_option: Annotated[
        list[str] | None,
        typer.Option("--source-option", help="With --live: NAME=VALUE for FFmpeg, video_size=640x480."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sends a video and prints the finished transmission as JSON; of several, a line each."""
    if live is not None:
        _send_live(live, clips or [], pace, source_option or [], transmitter, calibration, options)
        return
    if pace or source_option:
        raise errors.InvalidInput("send: --pace and --source-option belong to --live")
    if not clips:
        raise typer.BadParameter("name a video file, or a live source with --live", param_hint="CLIPS")
    from console.calibration import with_calibration
    from console.send import send_one, send_several
    from semvid.client import TransmitterClient

    options = with_calibration(calibration, options)
    videos = _several(clips)
    if videos is None:
        with TransmitterClient(transmitter) as client, TerminalObserver() as observer:
            sent = send_one(client, clips[0], options, observer)
        typer.echo(json.dumps(sent, indent=2))
        return
    with TransmitterClient(transmitter) as client, TerminalObserver() as observer:
        outcomes = send_several(client, videos, out, options, observer)
    _conclude(outcomes, "transmission", out, as_json)


def _send_live(
    address: str,
    clips: list[Path],
    pace: bool,
    source_options: list[str],
    transmitter: str,
    calibration: Path | None,
    options: dict[str, Any],
) -> None:
    from console.calibration import with_calibration
    from console.live import send_live, source_options_of
    from semvid.client import TransmitterClient

    if clips:
        raise errors.InvalidInput(f"send: --live names the source; leave {clips[0]} out")
    ffmpeg = source_options_of(source_options)
    with TransmitterClient(transmitter) as client, TerminalObserver() as observer:
        sent = send_live(client, address, ffmpeg, pace, with_calibration(calibration, options), observer)
    typer.echo(json.dumps(sent, indent=2))


@app.command()
def prompts() -> None:
    """Prints the prompts of the large models: a file to change and hand back to the transmitter."""
    typer.echo(files("semvid.mllm").joinpath("prompts.toml").read_text(encoding="utf-8"), nl=False)


@app.command()
@option_flags(
    without=("target_cbr", "threshold", "keyframe_method", "keyframe_count", "segment_s", "task"),
    defaults=_DEMO_CHANNEL,
)
def calibrate(
    clips: Annotated[list[Path], typer.Argument(help="Video files, others than those you report on.")],
    target_cbr: Annotated[float, typer.Option("--target-cbr", help="Channel uses per source sample.")],
    options: dict[str, Any],
    transmitter: Annotated[
        str | None, typer.Option("--transmitter", help="Its address; without one the services are started.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="File to write.")] = Path("semvid-calibration.json"),
) -> None:
    """Finds the threshold that meets a CBR on clips and writes it into a file for send and demo."""
    from console import calibration
    from console.local_services import running_services
    from semvid.client import TransmitterClient

    calibration.check(clips, target_cbr)
    with ExitStack() as stack:
        observer = stack.enter_context(TerminalObserver())
        if transmitter is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="semvid-calibrate-")))
            services = stack.enter_context(running_services(folder / "data", folder / "logs"))
            transmitter = services.addresses.transmitter_url
        client = stack.enter_context(TransmitterClient(transmitter))
        found = calibration.calibrate(clips, target_cbr, _one_seed(options), client, observer.notice)
    out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    threshold, cbr = found["options"]["threshold"], found["calibration"]["cbr"]
    typer.echo(f"threshold {threshold:g} gives a CBR of {cbr:.3g}; the calibration: {out}")


@app.command()
def fetch(
    video_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the transmission.")],
    receiver: ReceiverUrl = "http://127.0.0.1:8082",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. (default ID.mp4)")
    ] = None,
) -> None:
    """Waits for a video at the receiver, downloads it and prints its path."""
    from semvid.client import ReceiverClient

    path = output or Path(f"{Path(video_id).name}.mp4")
    with ReceiverClient(receiver) as client, TerminalObserver() as observer:
        video = client.wait(video_id, lambda v: observer.progress("regenerating", v.get("progress", 0.0)))
        client.fetch(
            video_id, path, lambda done, total: observer.progress("fetching", done / (total or done))
        )
        if video["state"] != "SUCCEEDED":
            raise errors.TransmissionFailed(
                f"receiver: the video is {video['state']}, {video.get('frames_written')} of "
                f"{video.get('frames_expected')} frames; what there is lies at {path}"
            )
    typer.echo(path)


@app.command()
def ask(
    video_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the transmission.")],
    question: Annotated[str, typer.Argument(help="One line, for example: how many people are there?")],
    receiver: ReceiverUrl = "http://127.0.0.1:8082",
    answered_by: Annotated[
        AnsweredBy,
        typer.Option(
            "--answered-by",
            help="source: by the transmitter; reconstruction: by the receiver, about what it made.",
        ),
    ] = AnsweredBy.SOURCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole resource.")] = False,
) -> None:
    """Asks a question about a video that was sent, and prints the answer."""
    from console.task import cost_in_words
    from semvid.client import ReceiverClient

    with ReceiverClient(receiver) as client, TerminalObserver() as observer:
        asked = client.ask(video_id, question, answered_by, lambda _: observer.progress("waiting", None))
        observer.notice(cost_in_words(asked))
    typer.echo(json.dumps(asked, indent=2) if as_json else asked["answer"])


@app.command()
@option_flags(defaults=_DEMO_CHANNEL)
def demo(
    options: dict[str, Any],
    clips: Annotated[
        list[Path] | None,
        typer.Argument(help="Video files, or folders of them; without one the demo has its own."),
    ] = None,
    calibration: CalibrationFile = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("demo-out"),
    as_json: AsJson = False,
) -> None:
    """Starts all three services, sends a clip across the noisy channel and reports on what came out."""
    if find_spec("matplotlib") is None:
        raise errors.MissingComponent(
            'demo: matplotlib, which draws its report, is not installed; pip install "semvid[report]"'
        )
    from console.calibration import with_calibration
    from console.demo import CLIP
    from console.demo.run import not_whole, run_demo, run_demos
    from console.demo.wording import summary
    from console.task import task_summary

    options = _one_seed(with_calibration(calibration, options))
    command = ["semvid", *sys.argv[1:]]
    videos = _several(clips or [])
    if videos is not None:
        with TerminalObserver() as observer:
            outcomes = run_demos(videos, out, options, command, observer)
        _conclude(outcomes, "report", out, as_json)
        return
    with TerminalObserver() as observer:
        report = run_demo(clips[0] if clips else CLIP, out, options, command, observer)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    elif options.get("task"):
        typer.echo(f"\n{task_summary(report)}\nThe report: {out / 'report.json'}")
    else:
        typer.echo(
            f"\n{summary(report)}\nThe report: {out / 'report.html'}; videos and numbers lie beside it."
        )
    if error := not_whole(report):
        raise errors.TransmissionFailed(error)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Tells what this machine can run and what to install; exit code 0 when the demo can run."""
    from console.doctor import report

    findings = report.examine(Path())
    typer.echo(json.dumps(report.to_json(findings), indent=2) if as_json else report.in_words(findings))
    if not report.can_run_demo(findings):
        raise typer.Exit(1)


@app.command(
    add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def bench(context: typer.Context) -> None:
    """Compares semvid with its rivals: bench run, bench report, bench datasets; each explains itself."""
    sys.argv = ["semvid bench", *context.args]
    # by name, as the services: `semvid` may not import the laboratory
    runpy.run_module("evaluation.bench", run_name="__main__", alter_sys=True)


@app.command(
    add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def baseline(context: typer.Context) -> None:
    """Sends stills or videos by ready-made codes, LDPC and QAM, at equal symbols: baseline --help."""
    sys.argv = ["semvid baseline", *context.args]
    runpy.run_module("evaluation.baseline", run_name="__main__", alter_sys=True)


def _several(clips: list[Path]) -> list[Path] | None:
    """The files where they are several or a folder was named; None for a single file, or none."""
    if len(clips) < 2 and not any(clip.is_dir() for clip in clips):
        return None
    from console.results import videos_of

    return videos_of(clips)


def _conclude(outcomes: "list[Outcome]", kind: str, out: Path, as_json: bool) -> None:
    """Prints what became of several files; raises TransmissionFailed where one failed."""
    from console.results import SUMMARY

    if as_json:
        typer.echo(json.dumps([outcome.to_json(kind) for outcome in outcomes], indent=2))
    else:
        for outcome in outcomes:
            typer.echo(f"{outcome.state:<10} {outcome.file} -> {out / outcome.folder}")
        typer.echo(f"The summary: {out / SUMMARY}")
    failed = sum(outcome.state != "SUCCEEDED" for outcome in outcomes)
    if failed:
        raise errors.TransmissionFailed(f"{failed} of {len(outcomes)} files failed; {out / SUMMARY} says why")


def _one_seed(options: dict[str, Any]) -> dict[str, Any]:
    """``options`` whose seed is also the channel's, so that a run can be repeated."""
    return {**options, "channel": {**options["channel"], "seed": options.get("seed", 0)}}


def _terminate(signum: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a terminal that closes sends both; the first is obeyed
    raise SystemExit(128 + signum)  # unwinds: services are stopped, temporary folders removed


def main() -> None:
    """Entry point: one sentence for every expected failure, never a traceback."""
    forget_current_folder()
    if sys.argv[1:2] != ["serve"]:  # the services handle their signals themselves
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, _terminate)
    try:
        app()
    except _BAD_INPUT as error:
        show_error(str(error))
        sys.exit(2)
    except errors.SemvidError as error:
        show_error(str(error))
        sys.exit(1)
    except OSError as error:
        show_error(
            f"{error.filename or 'the system'}: {error.strerror or error}; free space or name another place"
        )
        sys.exit(1)
    except KeyboardInterrupt:
        show_error("interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main()
