"""Files in, reconstructions and a report out: what ``semvid baseline`` does."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from console.results import VIDEO_SUFFIXES, folder_names
from evaluation.baseline.learned import JSCC, LearnedStill
from evaluation.baseline.measured import Measures
from evaluation.baseline.pictures import STILL_SUFFIXES, read_picture, write_picture
from evaluation.baseline.plan import candidate_plans
from evaluation.baseline.still_codes import STILL_CODES
from evaluation.baseline.still_ladder import StillLadder
from evaluation.baseline.stills import budget_symbols, choose, send_still
from evaluation.baseline.videos import VIDEO_CODES, read_clip, send_video
from evaluation.method import Conditions
from evaluation.methods.budget import DEFAULT_CBR
from evaluation.provenance import machine_free
from semvid.errors import InvalidInput
from semvid.images.jscc.networks import shipped
from semvid.service.files import write_atomically

STILL_CBR: Final = 0.04
CODES_OF_STILLS: Final = (*STILL_CODES, JSCC)
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be sent, and over what.

    Attributes:
        codes: names; empty: all that there are for a kind of file.
        target_cbr: None: `STILL_CBR` for stills, the laboratory's default for videos.
        conditions: of the channel.
        planned_snr_db: stills are planned for AWGN of this SNR, whatever the channel; None: for the channel.
        trials: pictures' worth of random bytes by which block error rates are measured.
        out: folder for reconstructions and `report.json`.
    """

    codes: Sequence[str]
    target_cbr: float | None
    conditions: Conditions
    planned_snr_db: float | None
    trials: int
    out: Path


def is_still(path: Path) -> bool:
    """Whether a file is taken for a still, by its ending."""
    return path.suffix.lower() in STILL_SUFFIXES


def files_of(arguments: Sequence[Path]) -> list[Path]:
    """Stills and videos that ``arguments`` name; a folder stands for those in it, by name.

    Raises:
        InvalidInput: a folder holds none.
    """
    found: list[Path] = []
    for argument in arguments:
        if not argument.is_dir():
            found.append(argument)
            continue
        known = STILL_SUFFIXES | VIDEO_SUFFIXES
        inside = sorted(path for path in argument.iterdir() if path.suffix.lower() in known)
        if not inside:
            raise InvalidInput(f"baseline: the folder {argument} holds neither a still nor a video")
        found += inside
    return found


def check(files: Sequence[Path], asked: Asked) -> None:
    """Refuses at the door what cannot be sent.

    Raises:
        InvalidInput: a file that is not there, a code that is none, or none for a kind of file.
    """
    every = dict.fromkeys([*CODES_OF_STILLS, *VIDEO_CODES])
    for code in asked.codes:
        if code not in every:
            raise InvalidInput(f"--code: there is no {code!r}; choose from {', '.join(every)}")
    for path in files:
        if not path.is_file():
            raise InvalidInput(f"baseline: there is no file {path}")
        if asked.codes and not _codes(path, asked):
            kind, codes = ("still", CODES_OF_STILLS) if is_still(path) else ("video", tuple(VIDEO_CODES))
            raise InvalidInput(f"--code: {path} is a {kind}; codes for it are {', '.join(codes)}")
        if asked.planned_snr_db is not None and not is_still(path):
            raise InvalidInput(f"--planned-snr-db: {path} is a video; a fixed plan is for stills")


def send_all(
    files: Sequence[Path], asked: Asked, measures: Measures, say: Callable[[str], None]
) -> list[Result]:
    """Sends every file by every code, writes reconstructions and `report.json`."""
    results: list[Result] = []
    for path, name in zip(files, folder_names(files), strict=True):
        folder = asked.out / name
        folder.mkdir(parents=True, exist_ok=True)
        for result in (_stills if is_still(path) else _videos)(path, folder, asked, measures):
            results.append({"file": path.name, **result})
            say(f"{path}: {result['code']} {result.get('failed') or 'done'}")
    asked_for = {name: value for name, value in asdict(asked).items() if name != "out"}
    for name in ("waveform", "more"):  # a baseline is asked for neither
        del asked_for["conditions"][name]
    report = {"asked": asked_for, "results": results}
    write_atomically(asked.out / "report.json", json.dumps(machine_free(report), indent=1) + "\n")
    return results


def _codes(path: Path, asked: Asked) -> list[str]:
    known = CODES_OF_STILLS if is_still(path) else tuple(VIDEO_CODES)
    return [code for code in asked.codes or known if code in known]


def _stills(path: Path, folder: Path, asked: Asked, measures: Measures) -> Iterator[Result]:
    picture = read_picture(path)
    target_cbr = STILL_CBR if asked.target_cbr is None else asked.target_cbr
    planned = asked.conditions
    if asked.planned_snr_db is not None:
        planned = Conditions(asked.planned_snr_db, "awgn", None, planned.seed)
    budget, codes = budget_symbols(picture, target_cbr), _codes(path, asked)
    plans = candidate_plans(budget, planned, asked.trials) if set(codes) - {JSCC} else ()
    for code in codes:
        try:
            if code == JSCC:
                sent = LearnedStill(shipped(), picture, planned).send(budget, asked.conditions)
            else:
                ladder = StillLadder(STILL_CODES[code], picture)
                sent = send_still(ladder, *choose(ladder, plans), asked.conditions)
        except InvalidInput as error:
            yield {"code": code, "failed": str(error)}
            continue
        out = folder / f"{code}.png"
        write_picture(out, sent.picture)
        yield {
            "code": code,
            "target_cbr": target_cbr,
            "cbr": sent.cbr,
            "lost": sent.lost,
            **measures.of(picture, sent.picture),
            "symbols": sent.symbols,
            "settings": sent.settings,
            "reconstruction": str(out.relative_to(asked.out)),
        }


def _videos(path: Path, folder: Path, asked: Asked, measures: Measures) -> Iterator[Result]:
    clip = read_clip(path)
    target_cbr = DEFAULT_CBR if asked.target_cbr is None else asked.target_cbr
    for code in _codes(path, asked):
        out = folder / f"{code}.mp4"
        sent = send_video(clip, code, target_cbr, asked.conditions, measures, out)
        result: Result = {"code": code, "target_cbr": target_cbr, "cbr": sent.cbr}
        if sent.failed:
            yield result | {"failed": sent.failed, "symbols": sent.symbols, "settings": sent.settings}
        else:
            yield result | {
                **sent.measures,
                "symbols": sent.symbols,
                "settings": sent.settings,
                "reconstruction": str(out.relative_to(asked.out)),
            }
