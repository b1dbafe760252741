"""``semvid iq``: recordings of what crosses the channel, replayed and as samples for a radio."""

import asyncio
import json
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from console.flags import option_flags
from console.terminal import TerminalObserver
from semvid.errors import TransmissionFailed

app = typer.Typer(no_args_is_help=True, help="Records, replays and exports IQ samples as SigMF.")

RecordingFile = Annotated[Path, typer.Argument(help="The .sigmf-meta of a recording.")]


@app.command()
@option_flags()
def record(
    clip: Annotated[Path, typer.Argument(help="Video file.")],
    options: dict[str, Any],
    out: Annotated[Path, typer.Option("--out", help="Folder for both recordings and the video.")] = Path(
        "iq-out"
    ),
) -> None:
    """Sends a clip as the demo does and records what was sent and what was received."""
    from console.local_services import running_services
    from semvid.client import ReceiverClient, TransmitterClient

    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="semvid-iq-")))
        observer = stack.enter_context(TerminalObserver())
        settings = {"SEMVID_CHANNEL_RECORD_DIR": str(out.resolve())}
        services = stack.enter_context(running_services(data, data / "logs", channel=settings))
        transmitter = stack.enter_context(TransmitterClient(services.addresses.transmitter_url))
        receiver = stack.enter_context(ReceiverClient(services.addresses.receiver_url))
        job = transmitter.submit(clip, options)
        sent = transmitter.watch(
            job["id"],
            lambda e: observer.progress("transmitting", float(e.get("progress") or 0)),
            observer.notice,
        )
        _fetch(receiver, sent["id"], out / f"{sent['id']}.mp4", observer)
        name = f"{sent['id']}-{sent.get('attempts', 1)}"
    found = {side: str(out / f"{name}-{side}.sigmf-meta") for side in ("sent", "received")}
    typer.echo(json.dumps({**found, "video": str(out / f"{sent['id']}.mp4")}, indent=2))


@app.command()
def replay(
    recording: RecordingFile,
    output: Annotated[Path, typer.Option("--output", "-o", help="Video to write.")],
) -> None:
    """Hands a recording to a receiver of its own and fetches the video that it makes."""
    from console.local_services import running_receiver
    from semvid.client import ReceiverClient
    from semvid.link.recording import Recording
    from semvid.link.replay import replay as hand_over

    opened = Recording.open(recording)
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="semvid-iq-")))
        observer = stack.enter_context(TerminalObserver())
        url, link = stack.enter_context(running_receiver(data, data / "logs"))
        receiver = stack.enter_context(ReceiverClient(url))
        observer.progress("replaying", None)
        replayed = asyncio.run(hand_over(opened, link))
        _fetch(receiver, opened.transmission_id, output, observer)
    typer.echo(json.dumps({**asdict(replayed), "video": str(output)}, indent=2))


@app.command()
def export(
    recording: RecordingFile,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A .sigmf-meta to write; samples beside it.")
    ],
    samples_per_symbol: Annotated[int, typer.Option("--samples-per-symbol", help="2..16.")] = 2,
    peak: Annotated[float, typer.Option("--peak", help="Largest magnitude of a sample.")] = 0.8,
    gap_ms: Annotated[float, typer.Option("--gap-ms", help="Silence before every burst.")] = 8.0,
) -> None:
    """Writes the samples of a recording, framed and shaped, for a radio to play."""
    from semvid.link.iq_export import export as write
    from semvid.link.recording import Recording

    written = write(Recording.open(recording), output, samples_per_symbol, peak, gap_ms * 1e-3)
    typer.echo(json.dumps({**asdict(written), "meta": str(written.meta)}, indent=2))


def _fetch(receiver: Any, video_id: str, path: Path, observer: TerminalObserver) -> None:
    video = receiver.wait(
        video_id, lambda v: observer.progress("regenerating", float(v.get("progress") or 0))
    )
    if video["state"] == "FAILED":
        raise TransmissionFailed(
            f"receiver: nothing could be shown: {(video.get('error') or {}).get('detail')}"
        )
    receiver.fetch(video_id, path)
