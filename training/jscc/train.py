"""From a folder of pictures to a learned code: trained, exported, measured, described."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from semvid.errors import InvalidInput
from semvid.images.jscc.networks import DECODER, ENCODER, Networks
from semvid.service.files import write_atomically
from training.jscc.card import Facts, model_card
from training.jscc.crops import read_all
from training.jscc.export import rounded, worst_difference, write_models
from training.jscc.held_out import measure
from training.jscc.loop import Asked, Training
from training.loop import parameters
from training.sources import find_sources, is_held_out

CARD: Final = "jscc.md"


@dataclass(frozen=True, slots=True)
class Job:
    """One call of ``semvid train jscc``.

    Attributes:
        pictures: photographs, videos, and folders of them.
        out: folder for both models and everything beside them.
        asked: see `Asked`.
        device: ``auto``, ``cpu`` or ``cuda``.
        doubtful: take also sources whose licence their index calls uncertain.
        resume: go on from a checkpoint.
        seconds: of training in this call, at most.
        command: as it was typed, for the card.
    """

    pictures: Sequence[Path]
    out: Path
    asked: Asked
    device: str = "auto"
    doubtful: bool = False
    resume: bool = False
    seconds: float = math.inf
    command: str = ""


def train_jscc(job: Job, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Trains, and writes models, card, curve and checkpoint; gives the folder.

    A call that runs out of time exports what there is; with ``resume`` another one goes on.

    Raises:
        InvalidInput, MissingComponent: see `find_sources` and `Training`; nothing to learn from.
    """
    job.out.mkdir(parents=True, exist_ok=True)
    sources = find_sources(job.pictures, job.doubtful)
    learned, kept_out = read_all(sources, tell, lambda one: is_held_out(one.name, job.asked.seed))
    if not learned:
        raise InvalidInput(
            f"training: of {len(sources)} sources none is left to learn from; give more pictures, or another "
            "--seed"
        )
    training = Training(job.asked, job.out, learned, job.device, job.resume)
    done = training.run(tell, job.seconds)
    tell(
        f"{training.course.step} of {job.asked.steps} steps done" + ("" if done else "; go on with --resume")
    )
    network = rounded(training.average)
    write_models(network, job.out)
    difference = worst_difference(job.out, network)
    networks = Networks(job.out)
    facts = Facts(
        command=job.command,
        asked=job.asked,
        steps=training.course.step,
        seconds=training.course.seconds,
        parameters=parameters(network),
        model_bytes=sum((job.out / name).stat().st_size for name in (ENCODER, DECODER)),
        digest=networks.digest,
        learned=[one.source for one in learned],
        kept_out=[one.source for one in kept_out],
        curve=training.course.curve,
        measured=measure(networks, kept_out, job.asked.seed),
        difference=difference,
        torch_version=torch.__version__,
    )
    write_atomically(job.out / CARD, model_card(facts))
    return job.out
