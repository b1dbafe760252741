"""From a folder of videos to a synthesiser: prepared, trained, exported, measured, described."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from semvid.images.restorer import shipped
from semvid.images.synthesiser import Synthesiser
from semvid.service.files import write_atomically
from training.card import Facts, model_card
from training.job import Job
from training.loop import parameters
from training.material import divided
from training.sources import find_sources
from training.synthesiser.export import synthesiser_model, worst_difference
from training.synthesiser.gaps import prepare
from training.synthesiser.held_out import measure
from training.synthesiser.loop import Asked, Training

MODEL: Final = "synthesiser.onnx"
CARD: Final = "synthesiser.md"


def train_synthesiser(job: Job[Asked], tell: Callable[[str], None] = lambda _: None) -> Path:
    """Trains, and writes model, card, curve and checkpoint; gives the path of the model.

    A call that runs out of time exports what there is; with ``resume`` another one goes on.

    Raises:
        InvalidInput, MissingComponent: see `find_sources`, `Training` and `Job.loss`; nothing to learn from.
    """
    job.out.mkdir(parents=True, exist_ok=True)
    loss = job.loss()
    training = Training(job.asked, job.out, job.device, loss, job.resume)
    folder = job.out / "gaps"
    folder.mkdir(exist_ok=True)
    films = [source for source in find_sources(job.videos, job.doubtful) if not source.still]
    seed = job.asked.seed
    learned, kept_out = divided(films, lambda source: prepare(source, folder, seed), seed, tell)
    done = training.run([gaps for _, gaps in learned], tell, job.seconds)
    tell(
        f"{training.course.step} of {job.asked.steps} steps done" + ("" if done else "; go on with --resume")
    )
    path = job.out / MODEL
    write_atomically(path, synthesiser_model(training.average))
    difference = worst_difference(path, training.average)
    facts = Facts(
        title="Synthesiser of the frames between keyframes",
        command=job.command,
        asked=job.asked,
        notes=[f"between keyframes of the restorer {shipped().digest}"],
        steps=training.course.step,
        seconds=training.course.seconds,
        parameters=parameters(training.average),
        learned=[source for source, _ in learned],
        kept_out=[source for source, _ in kept_out],
        curve=training.course.curve,
        measured=measure(Synthesiser(path), [gaps for _, gaps in kept_out], loss.lpips),
        difference=difference,
    )
    write_atomically(job.out / CARD, model_card(facts))
    return path
