"""What a speech model must be able to do."""

from typing import Final, Protocol

from semvid.sound.tempo import Samples

SPEECH_RATE: Final = 16_000
"""Samples a second that speech models hear."""


class Transcriber(Protocol):
    """Writes down what is said. Several jobs may use one at a time."""

    def transcribe(self, samples: Samples) -> str:
        """The words in float32 [samples], mono, -1..1, `SPEECH_RATE` a second; empty where there are none.

        Raises:
            SemvidError: the model failed.
        """
