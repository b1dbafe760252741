"""Questions that this receiver's own model answers about what it made."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from receiver.settings import ReceiverSettings
from semvid.answers import Answered
from semvid.mllm.library import MllmLibrary
from semvid.mllm.shown import shown_frames


class Reconstruction:
    """Answers one question at a time, in a thread of its own.

    Attributes:
        name: of the model.

    Raises:
        InvalidInput: the prompt file of the settings will not do.
    """

    def __init__(self, settings: ReceiverSettings) -> None:
        self.name = settings.mllm
        self._mllms = MllmLibrary(settings)
        self._thread = ThreadPoolExecutor(1, "answer")

    def check(self) -> None:
        """Refuses a model that cannot be had, as far as that shows without loading weights.

        Raises:
            InvalidInput, MissingComponent: as `MllmLibrary.check`.
        """
        self._mllms.check(self.name)

    async def answer(self, mp4: Path, question: str) -> Answered:
        """What the model says of a finished video.

        Raises:
            SemvidError: the model or the video cannot be had.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, mp4, question)

    def close(self) -> None:
        """Nothing more is asked."""
        self._thread.shutdown(wait=False)

    def _answer(self, mp4: Path, question: str) -> Answered:
        (answered,) = self._mllms.open(self.name).answer(shown_frames(mp4), [question])
        return answered
