"""The token model of a service: which one, looked at early and loaded late."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from semvid.errors import InvalidInput, MissingComponent
from semvid.tokens import amused
from semvid.tokens.model import TokenModel


@dataclass(frozen=True, slots=True)
class Backend:
    """One kind of token models, by what follows the prefix and a device; loaded to fill, too, or not."""

    check: Callable[[str, str], None]
    load: Callable[[str, str, bool], TokenModel]


BACKENDS: Final[dict[str, Backend]] = {"hf": Backend(amused.check, amused.AmusedTokens)}
"""By prefix of the name."""


class TokenLibrary:
    """Loads the model when it is first needed, and keeps it for all.

    Args:
        name: PREFIX:ARGUMENT; empty: there is none.
        device: cpu or cuda[:N].
        variable: of the environment, that names the model.
        fills: missing tokens will be drawn.

    Raises:
        InvalidInput: a prefix that is none of `BACKENDS`.
    """

    def __init__(self, name: str, device: str, variable: str, fills: bool) -> None:
        self._prefix, _, self._argument = name.partition(":")
        self._device, self._fills = device, fills
        self._how = f"{variable}=hf:ID-OR-PATH, for example {amused.EXAMPLES}"
        self._lock = threading.Lock()
        self._loaded: TokenModel | None = None
        if name and (self._prefix not in BACKENDS or not self._argument):
            raise InvalidInput(f"there is no token model {name!r}; set {self._how}")

    @property
    def named(self) -> bool:
        """Whether there is one."""
        return bool(self._prefix)

    def check(self) -> None:
        """Refuses what cannot work, as far as that shows without loading weights. May ask a model hub.

        Raises:
            MissingComponent: no model is named, or a package or GPU is missing.
            InvalidInput: no such model, or not one of this kind.
        """
        if not self._prefix:
            raise MissingComponent(
                "option coding: tokens needs a token model, and this transmitter has none; its operator sets "
                f"{self._how}"
            )
        if self._loaded is None:
            BACKENDS[self._prefix].check(self._argument, self._device)

    def open(self) -> TokenModel:
        """The model, loaded if it is not yet; blocks for as long as that takes.

        Raises:
            SemvidError: as `check`, and what shows only when weights are loaded.
        """
        self.check()
        with self._lock:
            if self._loaded is None:
                self._loaded = BACKENDS[self._prefix].load(self._argument, self._device, self._fills)
            return self._loaded
