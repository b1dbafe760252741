"""The video decoders by name: what fills the frames between two keyframes.

How to add one: docs/adding-a-decoder.md.
"""

from collections.abc import Callable

from receiver.decoders.command.decoder import CommandDecoder
from receiver.decoders.decoder import Decoder
from receiver.decoders.embedded import EmbeddedDecoder
from receiver.decoders.options import DecoderOptions
from semvid.errors import InvalidInput


def _hf(argument: str, options: DecoderOptions) -> Decoder:
    from receiver.decoders.hf.decoder import HfDecoder

    return HfDecoder(argument, options)


def _rife(argument: str, options: DecoderOptions) -> Decoder:
    from receiver.decoders.rife import RifeDecoder

    return RifeDecoder(argument, options)


def _synthesiser(argument: str, _options: DecoderOptions) -> Decoder:
    from receiver.decoders.synthesiser import SynthesiserDecoder

    return SynthesiserDecoder(argument)


def _auto(argument: str, options: DecoderOptions) -> Decoder:
    from receiver.decoders.auto import choose

    return choose(argument, options)


DEFAULT_OPTIONS = DecoderOptions()

DECODERS: dict[str, Callable[[str, DecoderOptions], Decoder]] = {
    "auto": _auto,
    "command": lambda argument, _: CommandDecoder(argument),
    "embedded": lambda argument, _: EmbeddedDecoder(argument),
    "hf": _hf,
    "rife": _rife,
    "synthesiser": _synthesiser,
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
