"""The whole demo: start, send, wait, fetch, measure, report."""

import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from console.demo import CLIP, CREDIT
from console.demo.measure import Fidelity, compare, look_at
from console.demo.page import build_page
from console.demo.pictures import SideBySide, Still, still_frames, take_still, write_side_by_side
from console.demo.report import Findings, build_report
from console.demo.timeline import Timeline
from console.local_services import Services, running_services
from console.terminal import TerminalObserver
from semvid import errors
from semvid.client import ReceiverClient, TransmitterClient
from semvid.client.http import Json
from semvid.service.clock import StageClock
from semvid.video.shape import shown_size


def run_demo(
    clip: Path, out: Path, options: Mapping[str, Any], command: Sequence[str], observer: TerminalObserver
) -> Json:
    """Runs the demo and returns its report.

    Args:
        clip: the video.
        out: folder for ``reconstruction.mp4``, ``side_by_side.mp4``, ``report.json``, ``report.html``,
            ``frames.csv`` and ``logs/``.
        options: of the transmission (`semvid.options`); its ``channel`` names ``model`` and ``snr_db``.
        command: how the demo was called, for the report.
        observer: shows how far it is.

    Raises:
        InvalidInput: the clip, an option or the output folder will not do.
        TransmissionFailed: the video did not arrive whole.
        SemvidError: of the kind that a service reported.
    """
    clock = StageClock()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.InvalidInput(
            f"output folder: {out} cannot be made: {error.strerror}; name another"
        ) from error
    if not clip.is_file():
        raise errors.InvalidInput(f"clip: there is no file {clip}; give the path of a video file")
    with tempfile.TemporaryDirectory(prefix="semvid-demo-") as data, ExitStack() as stack:
        with clock.stage("start the services"):
            observer.progress("starting the services", None)
            services = stack.enter_context(running_services(Path(data), out / "logs"))
            observer.progress("starting the services", 1.0)
        sent, semantics, video, segments, constellation = _transmit(
            clip, out, options, services, observer, clock
        )
    timeline = Timeline(segments, semantics["keyframes"])
    fidelity = Fidelity()
    with clock.stage("measure and compose"):
        stills = _measure(clip, out, sent, timeline, fidelity, observer)
    findings = Findings(
        clip_name=clip.name,
        credit=CREDIT if clip == CLIP else "",
        command=command,
        conditions=options["channel"],
        transmission=sent,
        semantics=semantics,
        video=video,
        segments=segments,
        constellation=constellation,
        fidelity=fidelity,
        timeline=timeline,
        seconds={stage: round(seconds, 3) for stage, seconds in clock.seconds.items()},
    )
    report = build_report(findings)
    _write_frames(out / "frames.csv", fidelity, timeline)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (out / "report.html").write_text(build_page(report, findings, stills), encoding="utf-8")
    return report


def _transmit(
    clip: Path,
    out: Path,
    options: Mapping[str, Any],
    services: Services,
    observer: TerminalObserver,
    clock: StageClock,
) -> tuple[Json, Json, Json, list[Json], Json]:
    def follow(event: Json) -> None:
        symbols = event.get("total_symbols")
        detail = f"{event.get('stage', '')}" + (f", {symbols:,} symbols" if symbols else "")
        observer.progress("transmitting", float(event.get("progress") or 0), detail)

    addresses = services.addresses
    with (
        TransmitterClient(addresses.transmitter_url) as transmitter,
        ReceiverClient(addresses.receiver_url) as receiver,
    ):
        with clock.stage("transmit"):
            job = transmitter.submit(clip, options)
            try:
                sent = transmitter.watch(job["id"], follow, observer.notice)
            except errors.LinkFailed:
                services.check()  # a dead service explains it better
                raise
            observer.progress("transmitting", 1.0)
            for remark in sent["source"]["remarks"]:
                observer.notice(remark)
        with clock.stage("finish at the receiver"):

            def look(resource: Json) -> None:
                services.check()
                observer.progress("regenerating", float(resource.get("progress") or 0))

            video = receiver.wait(sent["id"], look)
            if video["state"] == "FAILED":
                problem = video.get("error") or {}
                raise errors.TransmissionFailed(
                    f"receiver: nothing could be shown: {problem.get('detail', 'see logs/receiver.log')}"
                )
            observer.progress("regenerating", 1.0)
            receiver.fetch(sent["id"], out / "reconstruction.mp4")
        return (
            sent,
            transmitter.semantics(sent["id"]),
            video,
            receiver.segments(sent["id"]),
            receiver.constellation(sent["id"]),
        )


def _measure(
    clip: Path, out: Path, sent: Json, timeline: Timeline, fidelity: Fidelity, observer: TerminalObserver
) -> list[Still]:
    info = look_at(clip)
    frames = int(sent.get("frames") or info.frame_count_hint)
    shown = shown_size(info.width, info.height, info.pixel_shape.aspect)
    composer = SideBySide(*shown, frames, timeline)
    wanted = set(still_frames(timeline, frames))
    stills: list[Still] = []
    pairs = compare(clip, out / "reconstruction.mp4", fidelity)
    path = out / "side_by_side.mp4"
    for pair in write_side_by_side(pairs, composer, path, info.time_base, info.frame_rate, info.end_pts):
        if pair.index in wanted:
            stills.append(take_still(pair, timeline, shown))
        observer.progress("measuring", min(1.0, (pair.index + 1) / frames))
    observer.progress("measuring", 1.0)
    return stills


def _write_frames(path: Path, fidelity: Fidelity, timeline: Timeline) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("frame", "time_s", "psnr_db", "ssim", "provenance"))
        values = zip(fidelity.time_s, fidelity.psnr_db, fidelity.ssim, strict=True)
        for frame, (time_s, psnr, ssim) in enumerate(values):
            rows.writerow((frame, f"{time_s:.6f}", f"{psnr:.3f}", f"{ssim:.5f}", timeline.provenance(frame)))
