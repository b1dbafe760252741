"""The one model of its kind that a service has: named in its settings, looked at early and loaded late."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from semvid.errors import InvalidInput, MissingComponent

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class Backend(Generic[Model]):
    """One way to come by a model, by what follows its prefix."""

    check: Callable[[str], None]
    load: Callable[[str], Model]


class OneModel(Generic[Model]):
    """Loads the model when it is first needed, and keeps it for all.

    Args:
        name: PREFIX:ARGUMENT; empty: there is none.
        backends: by prefix.
        kind: what it is called in messages.
        option: of a transmission, that needs it.
        how: an operator names it, with an example.

    Raises:
        InvalidInput: a prefix that is none of ``backends``.
    """

    def __init__(
        self, name: str, backends: Mapping[str, Backend[Model]], kind: str, option: str, how: str
    ) -> None:
        prefix, _, self._argument = name.partition(":")
        self._kind, self._option, self._how = kind, option, how
        self._lock = threading.Lock()
        self._loaded: Model | None = None
        if name and (prefix not in backends or not self._argument):
            raise InvalidInput(f"there is no {kind} {name!r}; set {how}")
        self._backend = backends.get(prefix)

    @property
    def named(self) -> bool:
        """Whether there is one."""
        return self._backend is not None

    def check(self) -> None:
        """Refuses what cannot work, as far as that shows without loading weights. May ask a model hub.

        Raises:
            MissingComponent: no model is named, or a package or GPU is missing.
            InvalidInput: no such model, or not one of this kind.
        """
        backend = self._named()
        if self._loaded is None:
            backend.check(self._argument)

    def open(self) -> Model:
        """The model, loaded if it is not yet; blocks for as long as that takes.

        Raises:
            SemvidError: as `check`, and what shows only when weights are loaded.
        """
        self.check()
        with self._lock:
            if self._loaded is None:
                self._loaded = self._named().load(self._argument)
            return self._loaded

    def _named(self) -> Backend[Model]:
        if self._backend is None:
            raise MissingComponent(
                f"option {self._option} needs a {self._kind}, and this service has none; its operator sets "
                f"{self._how}"
            )
        return self._backend
