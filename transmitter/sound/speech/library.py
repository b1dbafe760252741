"""The speech model of the service."""

from functools import partial
from typing import Final

from semvid.mllm.settings import MllmSettings
from semvid.service.one_model import Backend, OneModel
from transmitter.sound.speech import hf
from transmitter.sound.speech.transcriber import Transcriber

_HOW: Final = "SEMVID_TRANSMITTER_SPEECH_MODEL=hf:ID-OR-PATH, for example hf:openai/whisper-small"


class SpeechLibrary(OneModel[Transcriber]):
    """See `OneModel`; kinds of speech models are listed here.

    Args:
        name: PREFIX:ARGUMENT; empty: there is none, and `SoundChoice.TEXT` is refused.
        settings: for the device.

    Raises:
        InvalidInput: an unknown prefix.
    """

    def __init__(self, name: str, settings: MllmSettings) -> None:
        backends: dict[str, Backend[Transcriber]] = {
            "hf": Backend(partial(hf.check, settings=settings), partial(hf.HfTranscriber, settings=settings))
        }
        super().__init__(name, backends, "speech model", "sound: text", _HOW)
