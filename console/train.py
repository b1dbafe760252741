"""``semvid train``: makes small networks."""

import math
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from semvid.errors import MissingComponent

app = typer.Typer(no_args_is_help=True, help="Trains small networks.")


Steps = Annotated[int, typer.Option("--steps", min=1, help="In all.")]
Batch = Annotated[int, typer.Option("--batch", min=1, help="Crops of one step.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
Features = Annotated[
    Path | None, typer.Option("--features", help="ONNX model of a feature loss: YOLOX-nano's.")
]
Lpips = Annotated[
    Path | None, typer.Option("--lpips", help="ONNX model of LPIPS, as a loss; then it is no judge.")
]
Doubtful = Annotated[
    bool, typer.Option("--doubtful", help="Take also what an index.json calls uncertain in its licence.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")]
Minutes = Annotated[
    float | None, typer.Option("--minutes", min=0.0, help="Of training in this call, at most.")
]


@app.command()
def restorer(
    videos: Annotated[list[Path], typer.Argument(help="Videos, photographs, and folders of them.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for model, card, curve and checkpoint.")],
    steps: Steps = 20_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of weights, crops and the split.")] = 0,
    batch: Batch = 4,
    device: Device = "auto",
    half: Annotated[bool, typer.Option("--half", help="Convolutions in bfloat16.")] = False,
    features: Features = None,
    lpips: Lpips = None,
    doubtful: Doubtful = False,
    start: Annotated[
        Path | None, typer.Option("--start", help="A restorer to begin with, in place of random weights.")
    ] = None,
    resume: Resume = False,
    minutes: Minutes = None,
) -> None:
    """Makes a restorer of coded keyframes; prints the path of the model."""
    _require_packages()
    from semvid.images.restorer import Restorer
    from training.loop import Asked
    from training.restorer import RestorerJob, train_restorer

    begun = "" if start is None else Restorer(start).digest
    job = RestorerJob(
        videos=videos,
        out=out,
        asked=Asked(steps, seed, batch, _name(features), _name(lpips), half, begun),
        device=device,
        features=features,
        lpips=lpips,
        doubtful=doubtful,
        resume=resume,
        start=start,
        seconds=math.inf if minutes is None else 60 * minutes,
        command=_command(),
    )
    typer.echo(train_restorer(job, lambda line: typer.echo(line, err=True)))


@app.command()
def synthesiser(
    videos: Annotated[list[Path], typer.Argument(help="Videos, and folders of them.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for model, card, curve and checkpoint.")],
    steps: Steps = 20_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of weights, gaps, crops and the split.")] = 0,
    batch: Batch = 4,
    device: Device = "auto",
    features: Features = None,
    lpips: Lpips = None,
    doubtful: Doubtful = False,
    resume: Resume = False,
    minutes: Minutes = None,
) -> None:
    """Makes a synthesiser of the frames between keyframes; prints the path of the model."""
    _require_packages()
    from training.job import Job
    from training.synthesiser.loop import Asked
    from training.synthesiser.train import train_synthesiser

    job = Job(
        videos=videos,
        out=out,
        asked=Asked(steps, seed, batch, _name(features), _name(lpips)),
        device=device,
        features=features,
        lpips=lpips,
        doubtful=doubtful,
        resume=resume,
        seconds=math.inf if minutes is None else 60 * minutes,
        command=_command(),
    )
    typer.echo(train_synthesiser(job, lambda line: typer.echo(line, err=True)))


@app.command()
def jscc(
    pictures: Annotated[list[Path], typer.Argument(help="Photographs, videos, and folders of them.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for models, card, curve and checkpoint.")],
    steps: Steps = 20_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of weights, crops, noise and the split.")] = 0,
    batch: Batch = 4,
    device: Device = "auto",
    doubtful: Doubtful = False,
    resume: Resume = False,
    minutes: Minutes = None,
) -> None:
    """Makes a joint source-channel code for stills; prints the folder of its two models."""
    _require_packages()
    from training.jscc.loop import Asked
    from training.jscc.train import Job, train_jscc

    job = Job(
        pictures=pictures,
        out=out,
        asked=Asked(steps, seed, batch),
        device=device,
        doubtful=doubtful,
        resume=resume,
        seconds=math.inf if minutes is None else 60 * minutes,
        command=_command(),
    )
    typer.echo(train_jscc(job, lambda line: typer.echo(line, err=True)))


def _require_packages() -> None:
    for package in ("torch", "onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise MissingComponent(f'train: {package} is not installed; pip install "semvid[training]"')


def _command() -> str:
    """As it was typed; a run that was interrupted gives what one that was not gives."""
    return shlex.join(["semvid", *(one for one in sys.argv[1:] if one != "--resume")])


def _name(path: Path | None) -> str:
    return "" if path is None else path.name
