"""Rows without a sender: the source itself, and rivals that the package registries do not have."""

from pathlib import Path
from typing import Final

from evaluation.clips import Clip
from evaluation.method import Conditions, Outcome
from semvid.errors import MissingComponent

H266: Final = (
    "H.266 has no encoder here: the PyAV wheels bundle FFmpeg without libvvenc (only a VVC decoder), and "
    "neither PyPI nor Debian 12 has a vvenc package. Build FFmpeg with --enable-libvvenc and PyAV from "
    "source against it (pip install --no-binary av av)"
)
LEARNED: Final = (
    "learned video codes need trained weights, which CompressAI and the DCVC family keep outside of the "
    "package registries; fetch them where there is access and wrap them as an evaluation.method.Method"
)


class Original:
    """The clip as if it had crossed for nothing, the upper end of every scale; see `Method`."""

    name = "original"

    def run(self, clip: Clip, _conditions: Conditions, _target_cbr: float | None, _folder: Path) -> Outcome:
        """Shows the clip as it is."""
        return Outcome(lambda: iter(clip.pictures))


class Unavailable:
    """A row of the table that says why it is empty.

    Args:
        name: of the row.
        reason: what is missing and how to get it.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def run(
        self,
        clip: Clip,  # noqa: ARG002
        conditions: Conditions,  # noqa: ARG002
        target_cbr: float | None,  # noqa: ARG002
        folder: Path,  # noqa: ARG002
    ) -> Outcome:
        """Raises MissingComponent."""
        raise MissingComponent(f"{self.name}: {self._reason}")
