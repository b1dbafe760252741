"""The whole demo: start, send, wait, fetch, measure, report."""

import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from console.demo import CLIP, CREDIT
from console.demo.measure import LIMITS, Fidelity, compare, look_at
from console.demo.page import build_page
from console.demo.pictures import (
    SideBySide,
    Still,
    still_frames,
    take_still,
    tone_mapped_pairs,
    write_side_by_side,
)
from console.demo.report import Findings, build_report
from console.demo.sound import Heard, Sounding, listen
from console.demo.timeline import Timeline
from console.local_services import Services, running_services
from console.results import prepare
from console.several import Outcome, Several, write_json
from console.task import not_all, run_task
from console.terminal import TerminalObserver
from semvid import errors
from semvid.client import ReceiverClient, TransmitterClient
from semvid.client.http import Json
from semvid.service.clock import StageClock
from semvid.video.shape import shown_size


@dataclass(frozen=True)
class _Arrived:
    """What the two ends tell of a transmission that is over."""

    transmission: Json
    semantics: Json
    video: Json
    segments: list[Json]
    constellation: Json
    gains: Json


def run_demo(
    clip: Path, out: Path, options: Mapping[str, Any], command: Sequence[str], observer: TerminalObserver
) -> Json:
    """Runs the demo and returns its report.

    Args:
        clip: the video.
        out: folder for ``reconstruction.mp4``, ``side_by_side.mp4``, ``report.json``, ``report.html``,
            ``frames.csv`` and ``logs/``; what an earlier run left there goes first.
        options: of the transmission (`semvid.options`); its ``channel`` names ``model`` and ``snr_db``.
        command: how the demo was called, for the report.
        observer: shows how far it is.

    Raises:
        InvalidInput: the clip, an option or the output folder will not do.
        TransmissionFailed: the video did not arrive whole.
        SemvidError: of the kind that a service reported.
    """
    clock = StageClock()
    prepare(out, [clip])
    if not clip.is_file():
        raise errors.InvalidInput(f"clip: there is no file {clip}; give the path of a video file")
    with tempfile.TemporaryDirectory(prefix="semvid-demo-") as data, ExitStack() as stack:
        services = stack.enter_context(_services(Path(data), out, observer, clock))
        if options.get("task"):
            return run_task(clip, out, options, command, services, observer)
        arrived = _transmit(clip, out, options, services, observer, clock)
    return _report(clip, out, options, command, arrived, observer, clock)


def run_demos(
    clips: Sequence[Path],
    out: Path,
    options: Mapping[str, Any],
    command: Sequence[str],
    observer: TerminalObserver,
) -> list[Outcome]:
    """Runs the demo with several clips, one after the other, over one set of services.

    A clip that fails ends nothing; where a service died, others are started for the clips that are left.

    Args:
        clips: the videos.
        out: folder for a folder of results for each, ``summary.csv`` and ``logs/``; what an earlier run left
            there goes first.
        options, command, observer: see `run_demo`.

    Raises:
        InvalidInput: the output folder will not do.
    """
    with (
        Several(clips, out, observer) as several,
        tempfile.TemporaryDirectory(prefix="semvid-demo-") as data,
    ):
        while several.waiting:
            try:
                with _services(Path(data), out, observer, StageClock()) as services:
                    one = partial(_one_of_several, services, options, command, observer)
                    while several.waiting and services.alive():
                        several.take(one)
            except errors.LinkFailed as error:  # of the start; others are the clip's
                several.give_up(error)
    return several.outcomes


def not_whole(report: Json) -> str:
    """Why the video of ``report``, or its answers, is not what was sent; empty where all of it came out."""
    if "answers" in report:
        return not_all(report)
    if report["video_state"] == "SUCCEEDED" and report["frames_out"] == report["frames_in"]:
        return ""
    return (
        f"receiver: the video is {report['video_state']} with {report['frames_out']} of "
        f"{report['frames_in']} frames; raise --snr-db or --retransmissions, or lower --mcs"
    )


def _one_of_several(
    services: Services,
    options: Mapping[str, Any],
    command: Sequence[str],
    observer: TerminalObserver,
    clip: Path,
    folder: Path,
    outcome: Outcome,
) -> None:
    clock = StageClock()
    if options.get("task"):
        report = run_task(clip, folder, options, command, services, observer)
        outcome.document, outcome.error = report, not_all(report)
        outcome.state = "FAILED" if outcome.error else report["state"]
        outcome.values = {name: report[name] for name in ("cbr", "snr_db", "realised_snr_db", "seconds")}
        outcome.values |= {"id": report["transmission_id"], "symbols": report["total_symbols"]}
        return
    arrived = _transmit(clip, folder, options, services, observer, clock)
    report = _report(clip, folder, options, command, arrived, observer, clock)
    same = ("width", "height", "frames_out", "undecodable_frames", "duration_s", "cbr", "snr_db")
    outcome.document, outcome.error = report, not_whole(report)
    outcome.state = "TRUNCATED" if outcome.error else report["video_state"]
    outcome.values = {
        **{name: report[name] for name in (*same, "psnr_db", "ssim")},
        "id": report["transmission_id"],
        "frames": report["frames_in"],
        "keyframes": len(report["keyframes"]),
        "symbols": report["total_symbols"],
        "realised_snr_db": report["snr_db_realised"],
        "seconds": round(sum(clock.seconds.values()), 3),
    }


@contextmanager
def _services(data: Path, out: Path, observer: TerminalObserver, clock: StageClock) -> Iterator[Services]:
    with ExitStack() as stack:
        with clock.stage("start the services"):
            observer.progress("starting the services", None)
            services = stack.enter_context(running_services(data, out / "logs"))
            observer.progress("starting the services", 1.0)
        yield services


def _report(
    clip: Path,
    out: Path,
    options: Mapping[str, Any],
    command: Sequence[str],
    arrived: _Arrived,
    observer: TerminalObserver,
    clock: StageClock,
) -> Json:
    """Measures what arrived, and writes the report in all its forms."""
    timeline = Timeline(arrived.segments, arrived.semantics["keyframes"])
    fidelity = Fidelity()
    with clock.stage("measure and compose"):
        stills, heard = _measure(clip, out, arrived.transmission, timeline, fidelity, observer)
    findings = Findings(
        clip_name=clip.name,
        credit=CREDIT if clip == CLIP else "",
        command=command,
        conditions=options["channel"],
        transmission=arrived.transmission,
        semantics=arrived.semantics,
        video=arrived.video,
        segments=arrived.segments,
        constellation=arrived.constellation,
        gains=arrived.gains,
        fidelity=fidelity,
        timeline=timeline,
        seconds={stage: round(seconds, 3) for stage, seconds in clock.seconds.items()},
    )
    report = build_report(findings)
    _write_frames(out / "frames.csv", fidelity, timeline)
    write_json(out / "report.json", report)
    (out / "report.html").write_text(build_page(report, findings, stills, heard), encoding="utf-8")
    return report


def _transmit(
    clip: Path,
    out: Path,
    options: Mapping[str, Any],
    services: Services,
    observer: TerminalObserver,
    clock: StageClock,
) -> _Arrived:
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
        return _Arrived(
            sent,
            transmitter.semantics(sent["id"]),
            video,
            receiver.segments(sent["id"]),
            receiver.constellation(sent["id"]),
            receiver.gains(sent["id"]),
        )


def _measure(
    clip: Path, out: Path, sent: Json, timeline: Timeline, fidelity: Fidelity, observer: TerminalObserver
) -> tuple[list[Still], Heard | None]:
    info, info_out = look_at(clip), look_at(out / "reconstruction.mp4")
    frames = int(sent.get("frames") or info.frame_count_hint)
    shown = shown_size(info.width, info.height, info.pixel_shape.aspect)
    composer = SideBySide(*shown, frames, timeline)
    wanted = set(still_frames(timeline, frames))
    stills: list[Still] = []
    pairs = compare(clip, out / "reconstruction.mp4", fidelity)
    if info_out.colour.hdr:
        pairs = tone_mapped_pairs(pairs, info.colour)
    path = out / "side_by_side.mp4"
    sound = Sounding.of(out / "reconstruction.mp4", info_out, LIMITS)
    for pair in write_side_by_side(
        pairs, composer, path, info.time_base, info.frame_rate, info.end_pts, sound
    ):
        if pair.index in wanted:
            stills.append(take_still(pair, timeline, shown))
        observer.progress("measuring", min(1.0, (pair.index + 1) / frames))
    observer.progress("measuring", 1.0)
    return stills, listen(clip, info, out / "reconstruction.mp4", info_out, LIMITS)


def _write_frames(path: Path, fidelity: Fidelity, timeline: Timeline) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("frame", "time_s", "psnr_db", "ssim", "provenance"))
        values = zip(fidelity.time_s, fidelity.psnr_db, fidelity.ssim, strict=True)
        for frame, (time_s, psnr, ssim) in enumerate(values):
            rows.writerow((frame, f"{time_s:.6f}", f"{psnr:.3f}", f"{ssim:.5f}", timeline.provenance(frame)))
