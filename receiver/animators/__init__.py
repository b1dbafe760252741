"""Who makes portraits move, by name (docs/portrait.md)."""

from collections.abc import Callable
from typing import Final

from receiver.animators.animator import Animator
from receiver.animators.command import CommandAnimator
from receiver.animators.warp import WARP
from semvid.errors import InvalidInput

_ANIMATORS: Final[dict[str, Callable[[str], Animator]]] = {"command": CommandAnimator, "warp": lambda _: WARP}


def make_animator(name: str) -> Animator:
    """The animator that a setting names: ``NAME`` or ``NAME:ARGUMENT``.

    Raises:
        InvalidInput: no animator of that name, or an argument that it refuses.
    """
    kind, _, argument = name.partition(":")
    if kind not in _ANIMATORS:
        known = ", ".join(_ANIMATORS)
        raise InvalidInput(f"there is no animator {kind!r}; set SEMVID_RECEIVER_ANIMATOR to one of: {known}")
    return _ANIMATORS[kind](argument)
