"""The video decoders: what fills the frames between two keyframes.

How to add one: docs/adding-a-decoder.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from receiver.decoders.command.decoder import CommandDecoder
from receiver.decoders.embedded import EmbeddedDecoder
from receiver.decoders.options import DecoderOptions
from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.profile import Profile


class Decoder(Protocol):
    """Regenerates the frames of a segment from its semantics (paper, receiver).

    One decoder serves all videos; `generate` is called from several threads at once. Pickled, it is its name
    and its options: whoever unpickles it loads it again.

    Attributes:
        profile: what it bridges well; announced to the sender.
        uses_captions: a segment's regeneration waits for its caption while that may still come.
    """

    @property
    def profile(self) -> Profile:
        """What it bridges well."""

    @property
    def uses_captions(self) -> bool:
        """Whether the caption changes the result."""

    def generate(
        self,
        start: Picture,
        end: Picture,
        caption: str,
        motion: float | None,
        num_frames: int,
        frame_rate: float,
        seed: int,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[Picture]:
        """Yields the frames strictly between two keyframes, in order, lazily.

        Args:
            start, end: the keyframes, uint8 RGB [height, width, 3]; not to be changed.
            caption: what happens between them; empty when it was lost.
            motion: mean optical-flow magnitude, fraction of the picture diagonal per frame; None when lost.
            num_frames: how many to yield, exactly; at least 1.
            frame_rate: of the video, nominal, frames per second.
            seed: of every random draw, 0 .. 2**64 - 1; equal arguments give equal frames.
            progress: to be told the share done, 0..1.
            cancelled: when it turns true, raise `semvid.errors.Cancelled` soon.

        Yields:
            uint8 RGB [height, width, 3], of the keyframes' size.
        """


def _embedded(argument: str, options: DecoderOptions) -> Decoder:  # noqa: ARG001
    return EmbeddedDecoder(argument)


@runtime_checkable
class Drawer(Protocol):
    """A decoder that draws a segment from its caption, with or without its first frame.

    One whose profile says so (`Profile.draws_from` has ``FIRST_FRAME`` or ``NOTHING``) offers this beside
    `Decoder`.
    """

    def draw(
        self,
        start: Picture | None,
        width: int,
        height: int,
        caption: str,
        motion: float | None,
        num_frames: int,
        frame_rate: float,
        seed: int,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[Picture]:
        """Yields the frames of a segment, in order; those after ``start`` where there is one.

        Args:
            start: the first frame, uint8 RGB [height, width, 3]; None: there is no picture at all.
            width, height: of the video, pixels.
            caption, motion, frame_rate, seed, progress, cancelled: as for `Decoder.generate`.
            num_frames: how many to yield, exactly; at least 1.

        Yields:
            uint8 RGB [height, width, 3].
        """


def _command(argument: str, options: DecoderOptions) -> Decoder:  # noqa: ARG001
    return CommandDecoder(argument)


def _hf(argument: str, options: DecoderOptions) -> Decoder:
    from receiver.decoders.hf.checkpoint import DRAWING, Checkpoint
    from receiver.decoders.hf.decoder import HfDecoder
    from receiver.decoders.hf.drawer import HfDrawer

    drawing = Checkpoint(argument).family in DRAWING
    return HfDrawer(argument, options) if drawing else HfDecoder(argument, options)


DEFAULT_OPTIONS = DecoderOptions()

DECODERS: dict[str, Callable[[str, DecoderOptions], Decoder]] = {
    "command": _command,
    "embedded": _embedded,
    "hf": _hf,
}


def make_decoder(name: str, options: DecoderOptions = DEFAULT_OPTIONS) -> Decoder:
    """The decoder that a setting names: ``NAME`` or ``NAME:ARGUMENT``. Loads its weights, if it has any.

    Args:
        name: as in the setting ``decoder``.
        options: how to load and run it; decoders without weights have no use for them.

    Raises:
        InvalidInput: no decoder of that name, or an argument or option that it refuses.
        MissingComponent: it needs packages or weights that are not there.
    """
    kind, _, argument = name.partition(":")
    if kind not in DECODERS:
        raise InvalidInput(f"no video decoder {kind!r}; there are: {', '.join(sorted(DECODERS))}")
    return DECODERS[kind](argument, options)
