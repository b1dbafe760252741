"""The speech model of the service: which one, looked at early and loaded late."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from semvid.errors import InvalidInput, MissingComponent
from semvid.mllm.settings import MllmSettings
from transmitter.sound.speech import hf
from transmitter.sound.speech.transcriber import Transcriber

_HOW: Final = "SEMVID_TRANSMITTER_SPEECH_MODEL=hf:ID-OR-PATH, for example hf:openai/whisper-small"


@dataclass(frozen=True, slots=True)
class Backend:
    """One kind of speech models; both take what follows the prefix."""

    check: Callable[[str, MllmSettings], None]
    load: Callable[[str, MllmSettings], Transcriber]


BACKENDS: Final[dict[str, Backend]] = {"hf": Backend(hf.check, hf.HfTranscriber)}
"""By prefix of the name."""


class SpeechLibrary:
    """Loads the model when the first job needs it, and keeps it for all.

    Args:
        name: PREFIX:ARGUMENT; empty: there is none, and `SoundChoice.TEXT` is refused.
        settings: for the device.

    Raises:
        InvalidInput: a prefix that is none of `BACKENDS`.
    """

    def __init__(self, name: str, settings: MllmSettings) -> None:
        self._prefix, _, self._argument = name.partition(":")
        self._settings = settings
        self._lock = threading.Lock()
        self._loaded: Transcriber | None = None
        if name and (self._prefix not in BACKENDS or not self._argument):
            raise InvalidInput(f"there is no speech model {name!r}; set {_HOW}")

    def check(self) -> None:
        """Refuses what cannot work, as far as that shows without loading weights. May ask a model hub.

        Raises:
            MissingComponent: no model is named, or a package or GPU is missing.
            InvalidInput: no such model, or not one of this kind.
        """
        if not self._prefix:
            raise MissingComponent(
                "option sound: text needs a speech model, and this transmitter has none; its operator sets "
                f"{_HOW}"
            )
        if self._loaded is None:
            BACKENDS[self._prefix].check(self._argument, self._settings)

    def open(self) -> Transcriber:
        """The model, loaded if it is not yet; blocks for as long as that takes.

        Raises:
            SemvidError: as `check`, and what shows only when weights are loaded.
        """
        self.check()
        with self._lock:
            if self._loaded is None:
                self._loaded = BACKENDS[self._prefix].load(self._argument, self._settings)
            return self._loaded
