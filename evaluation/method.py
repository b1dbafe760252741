"""What is compared: semvid and its rivals, each behind one small interface.

A method gets a clip, the conditions of the channel and a budget, and gives back every frame that a receiver
would show, with the channel uses that it took. All are counted alike (`semvid.accounting`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from evaluation.clips import Clip
from semvid.images.types import Picture
from semvid.waveform import SINGLE_CARRIER, Waveform


@dataclass(frozen=True, slots=True)
class Conditions:
    """The channel, the same draws for every method.

    Attributes:
        snr_db: mean Es/N0.
        model: a key of `channel.models`.
        coherence_symbols: of a fading block; None: the model's default.
        seed: of fading and noise.
        waveform: how symbols become a signal.
        more: further conditions, by the names of `channel.conditions.Conditions`.
    """

    snr_db: float = 10.0
    model: str = "awgn"
    coherence_symbols: int | None = None
    seed: int = 0
    waveform: Waveform = SINGLE_CARRIER
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came out of one method on one clip.

    Attributes:
        pictures: starts a pass over exactly the clip's frames, in order; not to be called when ``failed``.
        symbols: channel uses by ledger class.
        crossed: symbols that the channel really was applied to; equals the sum of ``symbols``.
        keyframes: indices of frames that crossed as pictures; empty for a video code.
        settings: what the method chose (CRF, scale, frame step, ...), and versions where they matter.
        failed: why nothing can be shown; empty where all is well.
    """

    pictures: Callable[[], Iterator[Picture]] = lambda: iter(())
    symbols: dict[str, int] = field(default_factory=dict)
    crossed: int = 0
    keyframes: list[int] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    failed: str = ""


class Method(Protocol):
    """Takes a clip across the channel.

    Attributes:
        name: of the row in tables.
    """

    name: str

    def run(self, clip: Clip, conditions: Conditions, target_cbr: float | None, folder: Path) -> Outcome:
        """One clip under one set of conditions.

        Args:
            target_cbr: channel uses per source sample to spend at most; None: the method's own default.
            folder: an empty one, for what is too large for memory; the outcome may refer to files in it.

        Raises:
            MissingComponent: an encoder or a package is not there; the message says what installs it.
        """
        ...
