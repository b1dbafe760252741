"""``semvid keys``: who may use the services of an operator."""

from pathlib import Path
from typing import Annotated

import typer

from semvid.service.keys import add_key, read_keys, remove_key
from semvid.service.rights import EVERYTHING, parse_rights, written_rights

app = typer.Typer(no_args_is_help=True, help="Makes and removes keys to the REST interfaces.")

KeyFile = Annotated[
    Path, typer.Option("--file", help="Of keys, which SEMVID_TRANSMITTER_KEYS_FILE and its like name.")
]
Name = Annotated[str, typer.Argument(help="Of whom it is for.")]
_FILE = Path("semvid-keys")


@app.command()
def new(
    name: Name,
    file: KeyFile = _FILE,
    per_day: Annotated[
        int | None,
        typer.Option("--per-day", min=0, help="Transmissions within 24 hours. (default any number)"),
    ] = None,
    may: Annotated[
        str,
        typer.Option("--may", help="Some of read, send, channel, metrics, with commas. (default all)"),
    ] = "",
) -> None:
    """Makes a key and prints it, this once: only its digest is kept."""
    token = add_key(file, name, per_day, parse_rights(may) if may else EVERYTHING)
    typer.echo(f"the key of {name}, whose digest is in {file}; it cannot be shown again:", err=True)
    typer.echo(token)


@app.command("list")
def list_all(file: KeyFile = _FILE) -> None:
    """Prints the names of keys, their transmissions a day, and what they may do."""
    for key in read_keys(file):
        per_day = "any number" if key.per_day is None else key.per_day
        typer.echo(f"{key.name}\t{per_day}\t{written_rights(key.rights)}")


@app.command()
def remove(name: Name, file: KeyFile = _FILE) -> None:
    """Takes a key away; services refuse it from their next request on."""
    remove_key(file, name)
