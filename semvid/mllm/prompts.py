"""The prompts of the large models: one file of data, ours or the user's own."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.mllm.language_model import Message
from semvid.options import Focus

PROMPTS: Final = Path(__file__).with_name("prompts.toml")

# section -> prompt -> the places that it must have, each exactly once
_PLACES: Final[dict[str, dict[str, set[str]]]] = {
    "direct": {"question": {"first", "second", "focus"}},
    "described": {"describe": {"first", "second"}, "question": {"descriptions", "focus"}},
    "described-once": {"describe": {"frame"}, "question": {"first", "second", "focus"}},
    "caption": {"request": {"frames"}},
    "question": {"ask": {"frames", "question"}, "check": {"frames", "question", "answer"}},
}
_PLACE: Final = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text with named places.

    Attributes:
        text: places are written ``{name}``.
    """

    text: str

    def filled(self, **places: str | Picture | list[Picture]) -> Message:
        """The prompt as a message, every place filled; text beside text is joined."""
        parts: list[str | Picture] = []
        for number, piece in enumerate(_PLACE.split(self.text)):
            value = places[piece] if number % 2 else piece
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, str) and parts and isinstance(parts[-1], str):
                    parts[-1] += part
                elif not (isinstance(part, str) and not part):
                    parts.append(part)
        return parts


@dataclass(frozen=True, slots=True)
class Prompts:
    """All prompts of one file.

    Attributes:
        version: as the file states it; results name it.
        focus: text of each semantic focus.
    """

    version: str
    focus: Mapping[Focus, str]
    direct_question: Prompt
    described_describe: Prompt
    described_question: Prompt
    described_once_describe: Prompt
    described_once_question: Prompt
    caption_request: Prompt
    question_ask: Prompt
    question_check: Prompt


def load_prompts(path: Path | None = None) -> Prompts:
    """Reads a prompt file; None: ours.

    Raises:
        InvalidInput: the file cannot be read, is no TOML, or a prompt or a place in it is missing or
            unknown; names the file and the entry.
    """
    path = path or PROMPTS
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"prompts: {path} cannot be read: {error.strerror}; name another file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"prompts: {path} is no TOML in UTF-8: {error}") from error
    version = content.get("version")
    if not isinstance(version, str) or not version:
        raise InvalidInput(f'prompts: {path} has no version; add version = "..." at its top')
    _refuse_unknown(path, "", content, {"version", "focus", *_PLACES})
    focuses = _section(path, content, "focus", {focus.value for focus in Focus})
    prompts = {
        f"{section}_{name}".replace("-", "_"): _prompt(path, f"{section}.{name}", text, places[name])
        for section, places in _PLACES.items()
        for name, text in _section(path, content, section, set(places)).items()
    }
    named = version if path == PROMPTS else f"{version} ({path.name})"
    return Prompts(named, {focus: focuses[focus.value] for focus in Focus}, **prompts)


def _section(path: Path, content: Mapping[str, Any], name: str, wanted: set[str]) -> dict[str, str]:
    section = content.get(name)
    if not isinstance(section, dict):
        raise InvalidInput(f"prompts: {path} has no section [{name}]; `semvid prompts` prints a whole file")
    _refuse_unknown(path, f"{name}.", section, wanted)
    for key in sorted(wanted):
        if not isinstance(section.get(key), str) or not section[key].strip():
            raise InvalidInput(f"prompts: {path} has no text for {name}.{key}; `semvid prompts` prints one")
    return dict(section)


def _refuse_unknown(path: Path, prefix: str, entries: Mapping[str, Any], known: set[str]) -> None:
    for key in entries:
        if key not in known:
            raise InvalidInput(
                f"prompts: {path} has an unknown entry {prefix}{key}; known are: {', '.join(sorted(known))}"
            )


def _prompt(path: Path, name: str, text: str, places: set[str]) -> Prompt:
    found = _PLACE.findall(text)
    for place in sorted(places | set(found)):
        if found.count(place) != (place in places):
            raise InvalidInput(
                f"prompts: {path}: {name} must have {', '.join(f'{{{p}}}' for p in sorted(places))} once "
                f"each and no other place; it has {{{place}}} {found.count(place)} times"
            )
    return Prompt(text)
