"""From a folder of videos to a restorer: prepared, trained, exported, measured, described."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from semvid.errors import InvalidInput
from semvid.images.restorer import Restorer
from semvid.service.files import write_atomically
from training.batches import Scene
from training.card import Facts, model_card
from training.export import restorer_model, worst_difference
from training.features import Features, Lpips
from training.held_out import measure
from training.loop import Asked, Training, parameters
from training.losses import Loss
from training.pairs import Pairs, prepare
from training.sources import Source, find_sources, is_held_out

MODEL: Final = "restorer.onnx"
CARD: Final = "restorer.md"


@dataclass(frozen=True, slots=True)
class Job:
    """One call of ``semvid train restorer``.

    Attributes:
        videos: files and folders.
        out: folder for the model and everything beside it.
        asked: see `Asked`.
        device: ``auto``, ``cpu`` or ``cuda``.
        features, lpips: ONNX models in the loss; None: without.
        doubtful: take also sources whose licence their index calls uncertain.
        resume: go on from a checkpoint.
        start: a restorer to begin with; None: random weights.
        seconds: of training in this call, at most.
        command: as it was typed, for the card.
    """

    videos: Sequence[Path]
    out: Path
    asked: Asked
    device: str = "auto"
    features: Path | None = None
    lpips: Path | None = None
    doubtful: bool = False
    resume: bool = False
    start: Path | None = None
    seconds: float = math.inf
    command: str = ""


def train_restorer(job: Job, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Trains, and writes model, card, curve and checkpoint; gives the path of the model.

    A call that runs out of time exports what there is; with ``resume`` another one goes on.

    Raises:
        InvalidInput, MissingComponent: see `find_sources`, `Training` and `Features`; nothing to learn from.
    """
    job.out.mkdir(parents=True, exist_ok=True)
    features = None if job.features is None else Features(job.features)
    lpips = None if job.lpips is None else Lpips(job.lpips)
    training = Training(job.asked, job.out, job.device, Loss(features, lpips), job.resume, job.start)
    learned, kept_out = _prepared(job, tell)
    done = training.run([Scene(pairs, source.still) for source, pairs in learned], tell, job.seconds)
    tell(
        f"{training.course.step} of {job.asked.steps} steps done" + ("" if done else "; go on with --resume")
    )
    path = job.out / MODEL
    write_atomically(path, restorer_model(training.average))
    difference = worst_difference(path, training.average)
    rows = measure(Restorer(path), [pairs for _, pairs in kept_out], lpips)
    facts = Facts(
        command=job.command,
        asked=job.asked,
        steps=training.course.step,
        seconds=training.course.seconds,
        parameters=parameters(training.average),
        learned=[source for source, _ in learned],
        kept_out=[source for source, _ in kept_out],
        curve=training.course.curve,
        measured=rows,
        difference=difference,
    )
    write_atomically(job.out / CARD, model_card(facts))
    return path


_Prepared = list[tuple[Source, list[Pairs]]]


def _prepared(job: Job, tell: Callable[[str], None]) -> tuple[_Prepared, _Prepared]:
    """Sources that are learned from, and those that are kept out."""
    folder = job.out / "pairs"
    folder.mkdir(exist_ok=True)
    learned: _Prepared = []
    kept_out: _Prepared = []
    sources = find_sources(job.videos, job.doubtful)
    for number, source in enumerate(sources, 1):
        try:
            pairs = prepare(source, folder, job.asked.seed)
        except InvalidInput as error:
            tell(f"left out: {error}")
            continue
        (kept_out if is_held_out(source.name, job.asked.seed) else learned).append((source, pairs))
        if not number % 10 or number == len(sources):
            tell(f"coded {number} of {len(sources)} sources")
    if not learned:
        raise InvalidInput(
            f"training: of {len(sources)} sources none is left to learn from; give more videos, or another "
            "--seed"
        )
    return learned, kept_out
