"""Who speaks, where sound came as text: one Protocol, and its implementations by name."""

from collections.abc import Callable
from typing import Final

from receiver.sound.voices.espeak import EspeakVoice
from receiver.sound.voices.hf import HfVoice
from receiver.sound.voices.voice import Voice
from semvid.errors import InvalidInput

VOICES: Final[dict[str, Callable[[str, str], Voice]]] = {
    "hf": HfVoice,
    "espeak": lambda name, _: EspeakVoice(name or "en"),
}
"""By prefix: a voice of what follows the prefix, on a device (cpu or cuda[:N])."""


def named(name: str, device: str = "cpu") -> Voice | None:
    """The voice ``name``, PREFIX or PREFIX:ARGUMENT, loaded; None where it is empty.

    Raises:
        InvalidInput: no such voice; names those that there are.
        MissingComponent: what it needs is not installed.
    """
    if not name:
        return None
    prefix, _, argument = name.partition(":")
    if prefix not in VOICES:
        raise InvalidInput(
            f"there is no voice {name!r}; set SEMVID_RECEIVER_VOICE_MODEL=hf:ID-OR-PATH, for example "
            "hf:facebook/mms-tts-eng, or espeak, or espeak:VOICE"
        )
    return VOICES[prefix](argument, device)
