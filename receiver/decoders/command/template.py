"""The text after ``command:``, parsed: how to run the program, and what its command line looks like.

    command:timeout_s=3600 cwd=/opt/Open-Sora torchrun ... --prompt {caption} --num_frames {frames}

Words of the form ``option=value`` before the program are options of the decoder; the rest is the command
line. It is split as a POSIX shell would split it, and no shell ever sees it: placeholders are filled in
afterwards, each inside its own argument, so that nothing in a caption can become an argument or a command.
"""

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from semvid.errors import InvalidInput
from semvid.profile import Given

PLACEHOLDERS: Final = (
    "start", "end", "caption", "caption_file", "frames", "width", "height", "fps", "seed",
    "output", "output_dir",
)  # fmt: skip
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]*)\}")
_OPTION: Final = re.compile(r"([a-z_]+)=(.*)", re.DOTALL)
_SIZE: Final = re.compile(r"(\d{1,5})x(\d{1,5})")


class CommandOptions(BaseModel):
    """How the program is run and what it can do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout_s: float = Field(3600.0, gt=0, allow_inf_nan=False, description="for one segment, at most")
    cwd: str = Field("", description="folder that it is run in; empty: that of the service")
    at_once: int = Field(1, ge=1, description="programs that run at the same time; the others wait")
    frame_grid: int = Field(1, ge=1, description="clips it makes have frame_grid * k + 1 frames")
    max_frames: int = Field(1025, description="of one clip; longer gaps are made coarser and resampled")
    size_grid: int = Field(1, ge=1, description="sides of its pictures are multiples of this")
    size: str = Field("", description="WIDTHxHEIGHT of its pictures if it has but one; empty: the video's")
    longest_gap_s: float = Field(5.0, gt=0, allow_inf_nan=False, description="see semvid.profile.Profile")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.max_frames < self.frame_grid + 1:
            raise ValueError(f"max_frames must be at least frame_grid + 1 = {self.frame_grid + 1}")
        if self.size and not _SIZE.fullmatch(self.size):
            raise ValueError("size must be WIDTHxHEIGHT")
        if self.cwd and not Path(self.cwd).is_dir():
            raise ValueError(f"cwd={self.cwd} is no folder; name the program's own")
        return self

    def frames_for(self, span: int) -> int:
        """Frames of the clip, both ends included, for ends ``span`` frames apart; snapped upwards."""
        steps = max(1, -(-span // self.frame_grid)) * self.frame_grid
        most = (self.max_frames - 1) // self.frame_grid * self.frame_grid
        return min(steps, most) + 1

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the clip for a video of that size."""
        if found := _SIZE.fullmatch(self.size):
            return int(found[1]), int(found[2])
        snapped = (max(1, round(side / self.size_grid)) * self.size_grid for side in (width, height))
        return next(snapped), next(snapped)


@dataclass(frozen=True, slots=True)
class CommandTemplate:
    """Options and the arguments with their placeholders still in them."""

    options: CommandOptions
    arguments: tuple[str, ...]

    def uses(self, name: str) -> bool:
        """Whether placeholder ``name`` occurs."""
        return any(f"{{{name}}}" in argument for argument in self.arguments)

    @property
    def draws_from(self) -> Given:
        """What the program draws a segment from."""
        if self.uses("end"):
            return Given.BOTH_ENDS
        return Given.FIRST_FRAME if self.uses("start") else Given.NOTHING

    def fill(self, values: Mapping[str, Any]) -> list[str]:
        """The command line, each placeholder replaced once, inside its argument."""
        return [
            _PLACEHOLDER.sub(lambda found: str(values[found[1]]), argument) for argument in self.arguments
        ]


def parse_template(text: str, also: Sequence[str] = ()) -> CommandTemplate:
    """Reads what follows ``command:``, with placeholders ``also`` beside those of every decoder.

    Raises:
        InvalidInput: it cannot be split, an option or placeholder is unknown, something is missing, or the
            program is not there.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InvalidInput(f"decoder command: the template cannot be split: {error}; got {text!r}") from error
    given: dict[str, str] = {}
    while words and (option := _OPTION.fullmatch(words[0])):
        given[option[1]] = option[2]
        del words[0]
    if not words:
        raise InvalidInput(
            "decoder command: needs a command line, for example "
            "command:PROGRAM --start {start} --end {end} --frames {frames} --out {output}"
        )
    for found in (name for word in words for name in _PLACEHOLDER.findall(word)):
        known = (*PLACEHOLDERS, *also)
        if found not in known:
            raise InvalidInput(
                f"decoder command: there is no placeholder {{{found}}}; there are: {', '.join(known)}"
            )
    template = CommandTemplate(_options(given), tuple(words))
    if template.uses("output") == template.uses("output_dir"):
        raise InvalidInput(
            "decoder command: the template needs either {output}, the MP4 to write, or {output_dir}, "
            "a folder in which the program leaves one video"
        )
    if template.uses("end") and not template.uses("start"):
        raise InvalidInput(
            "decoder command: {end} needs {start}: the two keyframes as PNG files, or {start} alone for a "
            "program that goes on from a first frame, or neither for one that draws from captions"
        )
    if not template.uses("start") and not (template.uses("caption") or template.uses("caption_file")):
        raise InvalidInput(
            "decoder command: the template gives the program nothing to draw from; "
            "name {start} and {end}, or {caption}"
        )
    _check_program(words[0], template.options.cwd)
    return template


def _options(given: Mapping[str, str]) -> CommandOptions:
    try:
        return CommandOptions.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"option {name}={first['input']}: " for name in first["loc"])
        raise InvalidInput(
            f"decoder command: {where}{first['msg']}; options are {', '.join(CommandOptions.model_fields)}. "
            "Put `env` before the program to set an environment variable"
        ) from error


def _check_program(program: str, cwd: str) -> None:
    place = os.path.join(cwd, program) if os.path.dirname(program) else program  # noqa: PTH118, PTH120
    if shutil.which(place) is None:
        raise InvalidInput(
            f"decoder command: there is no program {program!r} that can be run; give its full path or put it "
            "on the PATH of the receiver"
        )
