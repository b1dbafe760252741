"""eSpeak NG, a formant synthesiser of 100 languages: no weights, a program of its own."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from typing import Final

import numpy as np

from semvid.errors import InvalidInput, MissingComponent
from semvid.sound.tempo import Samples

PROGRAM: Final = "espeak-ng"
_LONGEST_S: Final = 30.0  # of processor time for a sentence that takes milliseconds
_ALL: Final = 2**31 - 1


class EspeakVoice:
    """One voice of the program.

    Args:
        name: as ``espeak-ng --voices`` lists them, such as en, en-us or de.

    Raises:
        MissingComponent: the program is not installed.
        InvalidInput: it has no such voice.
    """

    def __init__(self, name: str) -> None:
        path = shutil.which(PROGRAM)
        if path is None:
            raise MissingComponent(f"the voice espeak needs {PROGRAM}; run: apt-get install {PROGRAM}")
        if name.startswith("-"):
            raise InvalidInput(f"espeak has no voice {name!r}; {PROGRAM} --voices lists them")
        self._command = [path, "--stdin", "--stdout", "-v", name]
        self.rate = 0
        try:
            self.speak("a")
        except InvalidInput as error:
            raise InvalidInput(f"the voice espeak:{name} does not speak: {error}") from error

    def speak(self, words: str) -> Samples:
        """See `Voice`."""
        try:
            done = subprocess.run(
                self._command, input=words.encode(), capture_output=True, timeout=_LONGEST_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise InvalidInput(f"{PROGRAM} took more than {_LONGEST_S:g} s for a sentence") from error
        if done.returncode or not done.stdout:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise InvalidInput(f"{PROGRAM} ended with {done.returncode}: {said[0] if said else 'no sound'}")
        try:
            with wave.open(io.BytesIO(done.stdout)) as sound:
                self.rate = sound.getframerate()
                frames = sound.readframes(_ALL)  # the length in its header is a guess
        except (wave.Error, EOFError) as error:
            raise InvalidInput(f"{PROGRAM} wrote no WAV: {error}") from error
        return np.frombuffer(frames[: len(frames) // 2 * 2], "<i2").astype(np.float32) / np.float32(32_768)
