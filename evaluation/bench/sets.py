"""What a sweep consists of: a TOML file in `configs/bench` or `configs/paper`.

    title = "..."
    clips = ["act_yoga", "demo:0"]         # names of the media index, or demo:SECOND
    seconds = 5.0                          # of each clip
    judged_every = 7                       # frames
    seed = 0                               # of fading and noise
    methods = ["semvid", "x265"]           # of evaluation.methods, or module:attribute
    reference = "semvid"                   # whom the others are compared with
    judges = ["psnr_db", "lpips"]          # of evaluation.judges
    [[grid]]                               # every combination of these, once; grids run in their order
    snr_db = [0, 10]
    channel_models = ["awgn"]
    target_cbr = [6.5e-4, "default", "reference"]
    methods = ["semvid"]                   # only these of the set; left out: all of them

What a grid says of a point is run in its turn; another grid may have more methods there, later.

A target is a CBR that may not be exceeded, ``"default"`` for what the method chooses itself, or
``"reference"``: as many symbols as the reference method spent by default on this clip over this channel.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evaluation import judges
from semvid.errors import InvalidInput

CONFIGS: Final = Path(__file__).resolve().parents[2] / "configs"

Target = float | Literal["default", "reference"]
Point = tuple[float, str, int | None, Target]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grid(_Strict):
    """Conditions and budgets, all combinations of them."""

    snr_db: tuple[float, ...] = Field(min_length=1)
    channel_models: tuple[str, ...] = ("awgn",)
    target_cbr: tuple[Target, ...] = Field(min_length=1)
    coherence_symbols: int | None = Field(None, ge=1, le=2**24)
    methods: tuple[str, ...] | None = None

    def points(self) -> Iterator[Point]:
        """SNR, channel model, coherence and target, all combinations."""
        for snr_db, model, target in product(self.snr_db, self.channel_models, self.target_cbr):
            yield snr_db, model, self.coherence_symbols, target

    @model_validator(mode="after")
    def _in_range(self) -> Grid:
        from channel.models import MODELS

        for snr_db in self.snr_db:
            if not -30 <= snr_db <= 60:
                raise ValueError(f"snr_db must lie in -30..60, got {snr_db:g}")
        for model in self.channel_models:
            if model not in MODELS:
                raise ValueError(f"channel model {model!r}: choose from {', '.join(MODELS)}")
        for target in self.target_cbr:
            if isinstance(target, float) and not (math.isfinite(target) and 0 < target <= 1):
                raise ValueError(f"target_cbr must lie above 0 and at most at 1, got {target}")
        return self


class Stills(_Strict):
    """Of which cells a picture is kept for the page."""

    snr_db: tuple[float, ...] = ()
    target_cbr: tuple[Target, ...] = ()


class Variant(_Strict):
    """One way of choosing keyframes by meaning alone, for the ablations of PSSS; no channel is involved."""

    name: str
    focus: Literal["general", "main_object", "background"] = "general"
    rule: Literal["relative", "absolute"] = "relative"
    threshold: float = 0.35
    candidate_spacing_s: float = 0.2
    mllm: str = "embedded"


class PublishedValue(_Strict):
    """A number of the paper, and which of our rows stands beside it; ``ours`` empty: none does."""

    row: str
    measure: str
    value: float
    snr_db: float | None = None
    statistic: Literal["mean", "sd", "max", "cv"] = "mean"
    ours: str = ""
    note: str = ""


class Paper(_Strict):
    """What a set of the paper's reproduces."""

    item: str
    differs: tuple[str, ...]
    value: tuple[PublishedValue, ...] = ()


class SweepSet(_Strict):
    """One TOML file."""

    title: str
    clips: tuple[str, ...] = Field(min_length=1)
    seconds: float = Field(10.0, gt=0, le=600)
    judged_every: int = Field(7, ge=1, le=1000)
    seed: int = Field(0, ge=0, le=2**32 - 1)
    methods: tuple[str, ...] = ()
    reference: str = "semvid"
    judges: tuple[str, ...] = ("psnr_db", "ssim")
    models: dict[str, str] = Field(default_factory=dict)
    grid: tuple[Grid, ...] = ()
    variant: tuple[Variant, ...] = ()
    stills: Stills = Stills()
    paper: Paper | None = None

    @model_validator(mode="after")
    def _consistent(self) -> SweepSet:
        if bool(self.methods) != bool(self.grid):
            raise ValueError("methods and [[grid]] belong together")
        if not self.methods and not self.variant:
            raise ValueError("nothing to run: give methods with [[grid]], or [[variant]]")
        for name, values in (("clips", self.clips), ("methods", self.methods)):
            if len(set(values)) < len(values):
                raise ValueError(f"{name} names something twice")
        for grid in self.grid:
            unknown = set(grid.methods or ()) - set(self.methods)
            if unknown:
                raise ValueError(f"grid names methods that the set does not: {', '.join(sorted(unknown))}")
        uses_reference = any("reference" in grid.target_cbr for grid in self.grid)
        if uses_reference and self.reference not in self.methods:
            raise ValueError(f'target_cbr "reference" needs the method {self.reference!r} in methods')
        return self

    def points(self) -> Iterator[Point]:
        """What the cells of the set have in common, each once, in the order of the grids."""
        yield from dict.fromkeys(point for grid in self.grid for point in grid.points())

    def turns(self) -> Iterator[list[tuple[Point, str]]]:
        """What each grid adds: its points and the methods that run there, in its order.

        Where a target is what the reference spends, the reference runs in the first grid that needs it.
        """
        there: set[tuple[Point, str]] = set()
        for grid in self.grid:
            turn = []
            for point in dict.fromkeys(grid.points()):
                wanted = self.methods if grid.methods is None else grid.methods
                if point[3] == "reference" and self.reference in self.methods_at(point):
                    wanted = (*wanted, self.reference)
                turn += [(point, method) for method in self.methods if method in wanted]
            yield [pair for pair in turn if pair not in there]
            there.update(turn)

    def methods_at(self, point: Point) -> list[str]:
        """Methods that run at ``point``, in the order of the set."""
        wanted: set[str] = set()
        for grid in self.grid:
            if point in grid.points():
                wanted.update(self.methods if grid.methods is None else grid.methods)
        return [method for method in self.methods if method in wanted]


def load_set(name: str) -> SweepSet:
    """Reads a set.

    Args:
        name: of a file in `configs/bench` or `configs/paper` without its ending (``quick``, ``paper/depth``),
            or a path.

    Raises:
        InvalidInput: there is no such file, or something in it is wrong.
    """
    candidates = [Path(name), CONFIGS / "bench" / f"{name}.toml", CONFIGS / f"{name}.toml"]
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        there = sorted(
            p.stem if p.parent.name == "bench" else f"paper/{p.stem}" for p in CONFIGS.glob("*/*.toml")
        )
        raise InvalidInput(
            f"--set {name}: there is no such set; choose a TOML file or one of {', '.join(there)}"
        )
    return parse_set(path.read_text(encoding="utf-8"), str(path))


def parse_set(text: str, origin: str) -> SweepSet:
    """Checks the text of a set.

    Raises:
        InvalidInput: names ``origin``, the first offending field and what is wrong with it.
    """
    try:
        return set_of(tomllib.loads(text), origin)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{origin}: not TOML: {error}") from error


def set_of(document: Any, origin: str) -> SweepSet:
    """Checks the content of a set.

    Raises:
        InvalidInput: as `parse_set`.
    """
    try:
        chosen = SweepSet.model_validate(_as_floats(document))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "set"
        raise InvalidInput(f"{origin}: {where}: {first['msg']}, got {first.get('input')!r}") from error
    judges.check(chosen.judges)
    return chosen


def _as_floats(document: dict[str, Any]) -> dict[str, Any]:
    """TOML's 1 and 1.0 differ; a CBR of 1 is meant as a number either way."""
    for grid in [*document.get("grid", []), document.get("stills", {})]:
        if isinstance(grid, dict) and isinstance(grid.get("target_cbr"), list):
            grid["target_cbr"] = [float(t) if isinstance(t, int) else t for t in grid["target_cbr"]]
    return document
