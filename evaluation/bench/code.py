"""The source that decides a cell's numbers: what its method and judges import, and so on from there."""

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
ALWAYS: Final = ("evaluation.bench.measuring",)
"""Modules with which every transmission is measured."""

# they name everything; what a cell needs of them is the source of its own method and judges there
_REGISTRIES: Final = ("evaluation.methods", "evaluation.judges")
_PACKAGES: Final = ("semvid", "transmitter", "channel", "receiver", "evaluation", "console")
_DATA: Final = (".csv", ".json", ".toml", ".txt")


def digest(makers: Iterable[Callable[..., Any]], modules: Iterable[str] = ()) -> str:
    """Hash of what ``makers`` (of `METHODS`, of `JUDGES`, or classes) and ``modules`` run, committed or not.

    Data files that lie beside a module belong to it.
    """
    hashed = hashlib.sha256()
    wanted = set(modules)
    for maker in makers:
        if maker.__module__ in _REGISTRIES and inspect.isfunction(maker):
            source = inspect.getsource(maker)
            named = inspect.getclosurevars(maker).globals.values()
            wanted.update(getattr(one, "__module__", "") for one in named)
        else:  # a class, or a function from elsewhere: its whole file
            source = Path(inspect.getfile(maker)).read_text(encoding="utf-8")
            wanted.update(_imports(source))
        hashed.update(f"{source}\0".encode())
    for path in sorted(files(wanted)):
        hashed.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()


def files(modules: Iterable[str]) -> set[Path]:
    """Source of ``modules`` and of all that they import, packages around them included, and data beside."""
    found: set[Path] = set()
    left = list(modules)
    seen: set[str] = set()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.partition(".")[0] not in _PACKAGES or name in _REGISTRIES:
            continue
        path = _path(name)
        if path is not None and path not in found:
            found.add(path)
            left += imports_of(path)
        left.append(name.rpartition(".")[0])
    folders = {path.parent for path in found}
    return found | {path for folder in folders for path in folder.iterdir() if path.suffix in _DATA}


def _path(module: str) -> Path | None:
    """Its file; None for what is no module, but a name in one."""
    base = ROOT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Every name that a file imports, anywhere in it."""
    return tuple(_imports(path.read_text(encoding="utf-8")))


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
