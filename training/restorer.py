"""From a folder of videos to a restorer: prepared, trained, exported, measured, described."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from semvid.images.restorer import Restorer
from semvid.service.files import write_atomically
from training.batches import Scene
from training.card import Facts, model_card
from training.export import restorer_model, worst_difference
from training.held_out import measure
from training.job import Job
from training.loop import Asked, Training, parameters
from training.material import divided
from training.pairs import prepare
from training.sources import find_sources

MODEL: Final = "restorer.onnx"
CARD: Final = "restorer.md"


@dataclass(frozen=True, slots=True)
class RestorerJob(Job[Asked]):
    """One call of ``semvid train restorer``.

    Attributes:
        start: a restorer to begin with; None: random weights.
    """

    start: Path | None = None


def train_restorer(job: RestorerJob, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Trains, and writes model, card, curve and checkpoint; gives the path of the model.

    A call that runs out of time exports what there is; with ``resume`` another one goes on.

    Raises:
        InvalidInput, MissingComponent: see `find_sources`, `Training` and `Job.loss`; nothing to learn from.
    """
    job.out.mkdir(parents=True, exist_ok=True)
    loss = job.loss()
    training = Training(job.asked, job.out, job.device, loss, job.resume, job.start)
    folder = job.out / "pairs"
    folder.mkdir(exist_ok=True)
    sources, seed = find_sources(job.videos, job.doubtful), job.asked.seed
    learned, kept_out = divided(sources, lambda source: prepare(source, folder, seed), seed, tell)
    done = training.run([Scene(pairs, source.still) for source, pairs in learned], tell, job.seconds)
    tell(
        f"{training.course.step} of {job.asked.steps} steps done" + ("" if done else "; go on with --resume")
    )
    path = job.out / MODEL
    write_atomically(path, restorer_model(training.average))
    difference = worst_difference(path, training.average)
    notes = []
    if job.asked.bfloat16:
        notes.append("convolutions in bfloat16")
    if job.asked.start:
        notes.append(f"begun with the weights of the restorer {job.asked.start}")
    facts = Facts(
        title="Restorer of coded keyframes",
        command=job.command,
        asked=job.asked,
        notes=notes,
        steps=training.course.step,
        seconds=training.course.seconds,
        parameters=parameters(training.average),
        learned=[source for source, _ in learned],
        kept_out=[source for source, _ in kept_out],
        curve=training.course.curve,
        measured=measure(Restorer(path), [pairs for _, pairs in kept_out], loss.lpips),
        difference=difference,
    )
    write_atomically(job.out / CARD, model_card(facts))
    return path
