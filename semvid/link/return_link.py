"""Block reports over a return link with noise of its own: what each end does with them.

Pure: reports in, symbols out, and back. Where nobody asks for it reports are messages, free of errors.
"""

from __future__ import annotations

from dataclasses import dataclass

from semvid.errors import InvalidInput
from semvid.link.blocks import BlockReport
from semvid.link.harq import MAX_WINDOW
from semvid.phy.arrays import Symbols
from semvid.phy.block import Reception
from semvid.phy.control_word import AGGREGATION_LEVELS
from semvid.phy.report_word import BURSTS, ReportWord, decode_report, modulate_report, report_symbols
from semvid.wire.v1 import link_pb2 as pb


@dataclass(frozen=True, slots=True)
class ReturnLink:
    """How reports are sent as symbols.

    Attributes:
        aggregation: level of a report, one of `semvid.phy.control_word.AGGREGATION_LEVELS`.

    Raises:
        InvalidInput: no such level.
    """

    aggregation: int

    def __post_init__(self) -> None:
        if self.aggregation not in AGGREGATION_LEVELS:
            raise InvalidInput(
                f"reports have an aggregation level of {AGGREGATION_LEVELS}, got {self.aggregation}"
            )

    @property
    def symbols(self) -> int:
        """Of one report."""
        return report_symbols(self.aggregation)

    def read(self, symbols: Symbols, sequence: int) -> BlockReport | None:
        """What the report on burst ``sequence`` says; None where it cannot be read, or names another burst.

        Args:
            symbols: complex64[n] as received.
            sequence: of the burst, counted from 0.
        """
        word = decode_report(symbols, self.aggregation)
        if word is None or word.burst != sequence % BURSTS:
            return None
        return BlockReport(
            word.control_decoded, word.protected, word.bulk, word.snr_db, word.effective_snr_db
        )


class Reporter:
    """The receiver's side of one transmission.

    The report on a sounding repeats what became of the burst before it: so a sender asks again.

    Args:
        link: how reports are sent.
    """

    def __init__(self, link: ReturnLink) -> None:
        self._link = link
        self._latest: Reception | None = None  # that was no sounding

    def report(self, sequence: int, reception: Reception) -> Symbols:
        """The report on burst ``sequence``, complex64[link.symbols] of unit mean power."""
        if not reception.sounding:
            self._latest = reception
        of = BlockReport.of(reception if self._latest is None else self._latest)
        word = ReportWord(
            sequence % BURSTS,
            of.control_decoded,
            of.protected,
            of.bulk,
            reception.snr_db,
            reception.effective_snr_db,
        )
        return modulate_report(word, self._link.aggregation)


def set_return_link(opening: pb.Open, link: ReturnLink | None) -> None:
    """Says in ``opening`` how reports are to come back."""
    if link is not None:
        opening.return_link.CopyFrom(pb.ReturnLink(aggregation=link.aggregation))


def return_link_of(opening: pb.Open) -> ReturnLink | None:
    """How reports of the transmission that ``opening`` opens go back; None: as messages.

    Raises:
        InvalidInput: an aggregation level that does not exist.
    """
    return ReturnLink(opening.return_link.aggregation) if opening.HasField("return_link") else None


def window_of(opening: pb.Open) -> int:
    """Blocks that may be under way at once in the transmission that ``opening`` opens.

    Raises:
        InvalidInput: more than a receiver can tell apart.
    """
    if opening.window > MAX_WINDOW:
        raise InvalidInput(f"at most {MAX_WINDOW} blocks can be under way at once, got {opening.window}")
    return opening.window or 1
