"""Traces: what a transmission's time went into, across all three services; off unless a collector is named.

A span knows its parent by the latter's ``traceparent`` (W3C Trace Context, 3.2), a text of 55 characters, so
that a trace goes on over gRPC, in other threads, and after a restart, from what the database keeps. Where
traces are off, spans do nothing but hand on the ``traceparent`` that they were given.
"""

import re
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Protocol, Self

TRACEPARENT: Final = "traceparent"  # also the name of the HTTP header and of the gRPC metadata
_WELL_FORMED = re.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

Attribute = str | bool | int | float


class Span(Protocol):
    """A piece of work in a trace; a context manager that ends it, noting the error that left the block.

    Attributes:
        traceparent: what makes another span its child; None: there is no trace.
    """

    @property
    def traceparent(self) -> str | None:
        """See the class."""

    def child(self, name: str, began_s: float | None = None, **attributes: Attribute) -> "Span":
        """Begins a part of this work, now or at the Unix time ``began_s``, seconds; from any thread."""

    def note(self, **attributes: Attribute) -> None:
        """Adds what is known only now."""

    def end(self) -> None:
        """Ends it, in good order."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Traces(Protocol):
    """Where the spans of a service go."""

    def span(
        self, name: str, parent: str | None, began_s: float | None = None, **attributes: Attribute
    ) -> Span:
        """Begins a span.

        Args:
            name: what is done; never a client's words.
            parent: ``traceparent`` of the work that this is a part of; None: the beginning of a trace.
            began_s: Unix time, seconds; None: now.
            attributes: numbers, states and ids; no captions, prompts or keys.
        """

    def close(self) -> None:
        """Sends what is not sent yet; may take some seconds."""


class NoSpan:
    """Work that nobody follows here; what follows it elsewhere goes on."""

    def __init__(self, traceparent: str | None = None) -> None:
        self.traceparent = traceparent

    def child(self, name: str, began_s: float | None = None, **attributes: Attribute) -> "NoSpan":  # noqa: ARG002
        """This one: there is nothing to tell apart."""
        return self

    def note(self, **attributes: Attribute) -> None:
        """Does nothing."""

    def end(self) -> None:
        """Does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NoTraces:
    """Traces are off."""

    def span(
        self,
        name: str,  # noqa: ARG002
        parent: str | None,
        began_s: float | None = None,  # noqa: ARG002
        **attributes: Attribute,  # noqa: ARG002
    ) -> NoSpan:
        """Hands on ``parent``."""
        return NoSpan(parent)

    def close(self) -> None:
        """Does nothing."""


NO_SPAN: Final = NoSpan()
NO_TRACES: Final = NoTraces()


def traceparent_of(pairs: Iterable[tuple[str, str | bytes]] | None) -> str | None:
    """The ``traceparent`` among headers or metadata; None where there is none, or no well-formed one."""
    for name, value in pairs or ():
        if name.lower() == TRACEPARENT:
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            return text if _WELL_FORMED.fullmatch(text) else None
    return None


def carried(traceparent: str | None) -> tuple[tuple[str, str], ...]:
    """gRPC metadata that lets a trace go on at the next hop."""
    return () if traceparent is None else ((TRACEPARENT, traceparent),)
