"""Link adaptation: which MCS and control word level to use, from what the receiver reports.

The SNR is not one number but what the last bursts saw: under fading it differs from burst to burst. The bulk
MCS maximises the expected information per symbol over that history, incremental-redundancy retransmissions
included. Several transmissions at SNR g are worth one of the same added capacity: ``(1 + g)^r - 1``.
"""

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from semvid.phy.control_word import AGGREGATION_LEVELS, MAX_BULK_BYTES, symbols_at
from semvid.phy.framing import SINGLE_CARRIER_FRAMING, Framing
from semvid.phy.layout import DENSE_SPACING, SPARSE_SPACING
from semvid.phy.mcs import (
    MCS_BY_EFFICIENCY,
    MCS_TABLE,
    Mcs,
    block_error_rate,
    control_threshold_db,
    snr_threshold_db,
)
from semvid.phy.pilots import SOUNDING_SYMBOLS
from semvid.phy.transport_block import repeats_as, symbols_for

ASSUMED_SNR_DB = -5.0  # before anything was observed
HISTORY = 16  # reports
SOUNDING_ERROR_DB = 0.6  # standard deviation of what a sounding measures; longer bursts err by less
NEGLIGIBLE_ERROR_DB = 0.15  # of what bursts measure
FADING_ERROR_DB, FEW = 2.0, 3  # of bursts that fade, while they are fewer
# A link is steady where no burst lost more than this to fading and the SNRs differ by no more than this, dB.
STEADY_FADING_DB, STEADY_DEVIATION_DB = 0.3, 1.0
# Distances kept from the measured thresholds, dB; the header's covers an SNR that is wrong by 2 dB as well.
BULK_MARGIN_DB, PROTECTED_MARGIN_DB, HEADER_MARGIN_DB, CONTROL_MARGIN_DB = 0.5, 3.0, 5.0, 2.5
STEADY_MARGIN_DB = 0.3  # in place of the first, once bursts have said the SNR
SOUND_MARGIN_DB = 1.5
PROTECTED_BLER = 1e-4
CONTROL_BLER = 1e-3
REPETITION_BLER = 1e-2
REPETITION_SHARE = 0.5  # of a first transmission that a repetition takes in the mean
FLATTERY = 1.25  # of a capacity: what symbols of few points carry less than it, and gains that are estimated
# Losses of bulk blocks and of sound that are accepted at the first transmission, where each costs a round
# trip, and after the last. A lost block of sound is a second that is heard to be missing.
LARGEST_FIRST_LOSS, LARGEST_FIRST_SOUND_LOSS = 0.3, 0.1
LARGEST_HASTY_LOSS = 0.7  # of a block that has to leave faster than is wise, or not at all
LARGEST_LOSS, LARGEST_SOUND_LOSS = 3e-3, 1e-3
# Of what is sent once, where each loss costs only itself; the target of NR's own links.
LARGEST_LOSS_OF_ONE = 0.1
SOUND_TRANSMISSIONS = 2  # at most: late sound helps nobody
SMALLEST_EXPECTED_LOSS = 0.05  # so that successes take margin back
# Together with a control word and pilots these fit one burst of 65536 symbols.
MAX_PROTECTED_SYMBOLS = 20_000
MAX_BULK_SYMBOLS = 42_000

_OUTER_STEP_DB = 0.3
_OUTER_RANGE_DB = (-0.5, 8.0)


@dataclass(frozen=True, slots=True)
class _Report:
    effective_snr_db: float
    fading_db: float
    sounding: bool
    symbols: float


@dataclass(frozen=True, slots=True)
class _Terms:
    """How much risk a choice may take."""

    margin_db: float
    transmissions: int
    largest_first_loss: float
    largest_loss: float


def capacity(snr_db: float) -> float:
    """Bits per symbol of an AWGN channel."""
    return math.log2(1.0 + 10 ** (snr_db / 10))


class LinkAdapter:
    """Chooses modulation and coding for one transmission.

    Args:
        mcs: code of a fixed bulk MCS, or "auto".
        retransmissions: how often a failed bulk block will be sent again.
        framing: of the bursts.

    Raises:
        ValueError: ``mcs`` is not a code of `MCS_TABLE`, or ``retransmissions`` is negative.
    """

    def __init__(
        self,
        mcs: Literal["auto"] | int = "auto",
        retransmissions: int = 2,
        framing: Framing = SINGLE_CARRIER_FRAMING,
    ) -> None:
        if mcs != "auto" and mcs not in MCS_TABLE:
            raise ValueError(f"the MCS is 'auto' or one of 0..{max(MCS_TABLE)}, got {mcs!r}")
        if retransmissions < 0:
            raise ValueError(f"the number of retransmissions cannot be negative, got {retransmissions}")
        self._fixed = None if mcs == "auto" else MCS_TABLE[mcs]
        self._framing = framing
        sent = 1 + retransmissions
        self._unsure = _Terms(BULK_MARGIN_DB, sent, LARGEST_FIRST_LOSS, LARGEST_LOSS)
        self._sure = replace(self._unsure, margin_db=STEADY_MARGIN_DB)
        self._sound = _Terms(
            SOUND_MARGIN_DB, min(sent, SOUND_TRANSMISSIONS), LARGEST_FIRST_SOUND_LOSS, LARGEST_SOUND_LOSS
        )
        self._once = _Terms(BULK_MARGIN_DB, 1, LARGEST_LOSS_OF_ONE, LARGEST_LOSS_OF_ONE)
        self._reports: deque[_Report] = deque(maxlen=HISTORY)
        self._outer_db = 0.0
        self._expected_loss = 0.0

    def observe(
        self,
        snr_db: float,
        effective_snr_db: float,
        *,
        symbols: float = math.inf,
        sounding: bool = False,
        control_decoded: bool = True,
    ) -> None:
        """Takes in what was reported of one burst; reports that are not finite are ignored.

        Args:
            snr_db, effective_snr_db: as measured, see `semvid.phy.block.Reception`.
            symbols: of the burst, which say how far the measure errs.
            sounding: the burst was a sounding.
            control_decoded: its control word was read; not being so counts as fading.
        """
        if np.isfinite(snr_db) and np.isfinite(effective_snr_db):
            fading_db = snr_db - effective_snr_db if control_decoded or sounding else math.inf
            self._reports.append(_Report(min(snr_db, effective_snr_db), fading_db, sounding, symbols))

    def observe_ack(self, acknowledged: bool) -> None:
        """Takes in whether the first transmission of a bulk block was decoded.

        The outer loop adds margin when more blocks fail than the choice accepted, and takes it back after.
        """
        surprise = (0.0 if acknowledged else 1.0) - max(self._expected_loss, SMALLEST_EXPECTED_LOSS)
        self._outer_db = float(np.clip(self._outer_db + _OUTER_STEP_DB * surprise, *_OUTER_RANGE_DB))

    @property
    def low_snr_db(self) -> float:
        """The effective SNR that most bursts exceed: mean less one standard deviation of the history."""
        history = self._effective_snr_db
        return float(np.mean(history) - np.std(history))

    @property
    def expected_snr_db(self) -> float:
        """The effective SNR of the next burst: the mean of the history."""
        return float(np.mean(self._effective_snr_db))

    @property
    def _effective_snr_db(self) -> list[float]:
        """Of the history. Soundings are short and err: alone they stand for a range; bursts say it better.

        Where the link fades, few of them stand for a range themselves.
        """
        bursts = [r.effective_snr_db for r in self._reports if not r.sounding]
        history = bursts or [r.effective_snr_db for r in self._reports]
        errors = FADING_ERROR_DB if bursts and self.fades and len(bursts) < FEW else self._error_db
        if errors > NEGLIGIBLE_ERROR_DB:
            history = [snr_db + error for snr_db in history for error in (-errors, 0.0, errors)]
        return history or [ASSUMED_SNR_DB]

    @property
    def _error_db(self) -> float:
        """Standard deviation of what all bursts have measured, which falls with the root of their symbols."""
        seen = sum(report.symbols for report in self._reports if not report.sounding)
        return SOUNDING_ERROR_DB * math.sqrt(SOUNDING_SYMBOLS / max(seen, SOUNDING_SYMBOLS))

    @property
    def _bulk(self) -> _Terms:
        return self._sure if self._is_steady and self._error_db <= NEGLIGIBLE_ERROR_DB else self._unsure

    @property
    def _is_steady(self) -> bool:
        """Whether no burst faded and all had about the same SNR.

        A sounding alone cannot tell: it is so short that it may lie within one fade.
        """
        seen = self._reports
        return (
            any(not r.sounding for r in seen)
            and max(r.fading_db for r in seen) <= STEADY_FADING_DB
            and float(np.std([r.effective_snr_db for r in seen])) <= STEADY_DEVIATION_DB
        )

    def pilot_spacing(self) -> int:
        """Sparse on a steady link, otherwise dense."""
        return SPARSE_SPACING if self._is_steady else DENSE_SPACING

    def choose_header(self, payload_bytes: int) -> Mcs:
        """The MCS for a block without which nothing can be shown."""
        return self._safe(payload_bytes, HEADER_MARGIN_DB)

    def choose_protected(self, payload_bytes: int) -> Mcs:
        """The MCS for captions: at most 1 in 10 000 lost, at the protected margin."""
        return self._safe(payload_bytes, PROTECTED_MARGIN_DB)

    def choose_sound(self, payload_bytes: int) -> Mcs:
        """The MCS for sound: as for bulk, with more distance and fewer losses allowed."""
        fitting = [m for m in MCS_BY_EFFICIENCY if symbols_for(payload_bytes, m) <= MAX_BULK_SYMBOLS]
        return self._most_efficient(fitting, payload_bytes, self._sound)

    def choose_bulk(self, payload_bytes: int) -> Mcs:
        """The MCS that carries most per symbol, retransmissions, pilots and control word counted."""
        chosen = self._bulk_mcs(payload_bytes)
        self._expected_loss = float(np.mean(self._losses(chosen, payload_bytes, self._bulk)[0]))
        return chosen

    def choose_once(self, payload_bytes: int) -> Mcs:
        """The MCS for bulk sent once: most arrives per symbol, at most `LARGEST_LOSS_OF_ONE` is not."""
        chosen = self._bulk_mcs(payload_bytes, self._once)
        self._expected_loss = float(np.mean(self._losses(chosen, payload_bytes, self._once)[0]))
        return chosen

    def choose_in_time(self, payload_bytes: int, most_symbols: float) -> Mcs | None:
        """The most robust MCS with which a bulk block takes at most so many symbols.

        None where there is none, or where it would be lost more often than `LARGEST_HASTY_LOSS`, by the SNR
        observed; and where the MCS is fixed.
        """
        most = min(most_symbols, MAX_BULK_SYMBOLS)
        fitting = [m for m in MCS_BY_EFFICIENCY if symbols_for(payload_bytes, m) <= most]
        if self._fixed is not None or not fitting:
            return None
        expected = float(np.mean(self._losses(fitting[0], payload_bytes, self._bulk)[0]))
        return fitting[0] if expected <= LARGEST_HASTY_LOSS else None

    def choose_repetition(self, payload_bytes: int, mcs: Mcs, received: float) -> Mcs:
        """The MCS that repeats as much of a bulk block as was missing.

        Args:
            payload_bytes, mcs: of its first transmission.
            received: what came in of it so far, bits: symbols times capacity at their effective SNR.
        """
        margin_db = BULK_MARGIN_DB + max(self._outer_db, 0.0)
        needed_db = snr_threshold_db(mcs, 8 * payload_bytes, REPETITION_BLER) + margin_db
        first = symbols_for(payload_bytes, mcs)
        missing = FLATTERY * first * capacity(needed_db) - received
        symbols = min(first, missing / capacity(self.low_snr_db))
        return next(m for m in repeats_as(payload_bytes, mcs) if symbols_for(payload_bytes, m) >= symbols)

    def bulk_limit_bytes(self) -> int:
        """Largest bulk payload that `choose_bulk` can send at the present SNR without a forced higher MCS."""
        best = self._fixed or self._most_efficient(list(MCS_BY_EFFICIENCY), MAX_BULK_BYTES, self._bulk)
        return self._limit_bytes(best)

    def bulk_bits_per_symbol(self, payload_bytes: int) -> float:
        """Information bits per channel use of the MCS that `choose_bulk` would take now."""
        return 8 * payload_bytes / symbols_for(payload_bytes, self._bulk_mcs(payload_bytes))

    @property
    def fades(self) -> bool:
        """Whether the link was seen to fade; a sounding alone lies within one fade, and cannot tell."""
        return not self._is_steady and not all(r.sounding for r in self._reports)

    def bulk_transmissions(self, payload_bytes: int) -> float:
        """What a block of `choose_bulk` takes in the mean until it arrives or is given up, in its symbols.

        1 on a link that was not seen to fade.
        """
        if not self.fades:
            return 1.0
        losses = self._losses(self._bulk_mcs(payload_bytes), payload_bytes, self._bulk)
        return 1.0 + REPETITION_SHARE * sum(float(np.mean(failed)) for failed in losses[:-1])

    def overhead_symbols(self, protected_bytes: int) -> int:
        """Channel uses of a block beside its bulk: preamble, control word and so many protected bytes."""
        protected = symbols_for(protected_bytes, self.choose_protected(protected_bytes))
        return self._framing.fixed_symbols + symbols_at(self.aggregation()) + protected

    def sound_limit_bytes(self) -> int:
        """Largest payload that `choose_sound` can send at the present SNR without a forced higher MCS."""
        return self._limit_bytes(self._most_efficient(list(MCS_BY_EFFICIENCY), MAX_BULK_BYTES, self._sound))

    def sound_symbols(self, payload_bytes: int) -> float:
        """Channel uses of a block of sound: preamble, control word, pilots and so many bytes."""
        data = symbols_at(self.aggregation()) + symbols_for(payload_bytes, self.choose_sound(payload_bytes))
        return float(self._framing.total_symbols(data, self.pilot_spacing()))

    def aggregation(self) -> int:
        """The control word level: the lowest that is safe; the very lowest on a steady link only."""
        reach = self.low_snr_db - CONTROL_MARGIN_DB
        for level in AGGREGATION_LEVELS if self._is_steady else AGGREGATION_LEVELS[1:]:
            if control_threshold_db(level, CONTROL_BLER) <= reach:
                return level
        return AGGREGATION_LEVELS[-1]

    def _bulk_mcs(self, payload_bytes: int, terms: _Terms | None = None) -> Mcs:
        if self._fixed is not None:
            return self._fixed
        fitting = [m for m in MCS_BY_EFFICIENCY if symbols_for(payload_bytes, m) <= MAX_BULK_SYMBOLS]
        return self._most_efficient(fitting, payload_bytes, terms or self._bulk)

    @staticmethod
    def _limit_bytes(mcs: Mcs) -> int:
        return min(MAX_BULK_BYTES, int(MAX_BULK_SYMBOLS * mcs.spectral_efficiency / 8) - 64)  # CRCs

    def _safe(self, payload_bytes: int, margin_db: float) -> Mcs:
        """The most efficient MCS whose threshold lies a margin below the SNR."""
        fitting = [m for m in MCS_BY_EFFICIENCY if symbols_for(payload_bytes, m) <= MAX_PROTECTED_SYMBOLS]
        reach = self.low_snr_db - margin_db - max(self._outer_db, 0.0)
        safe = [m for m in fitting if snr_threshold_db(m, 8 * payload_bytes, PROTECTED_BLER) <= reach]
        return safe[-1] if safe else fitting[0]

    def _losses(self, mcs: Mcs, payload_bytes: int, terms: _Terms) -> list[list[float]]:
        """Probability of failure after 1, 2, ... transmissions, at every SNR of the history."""
        margin_db = terms.margin_db + self._outer_db
        usable = [10 ** ((snr_db - margin_db) / 10) for snr_db in self._effective_snr_db]
        return [
            [block_error_rate(mcs, 8 * payload_bytes, 10 * math.log10((1 + g) ** sent - 1)) for g in usable]
            for sent in range(1, terms.transmissions + 1)
        ]

    def _most_efficient(self, candidates: list[Mcs], payload_bytes: int, terms: _Terms) -> Mcs:
        overhead = self._framing.fixed_symbols + symbols_at(self.aggregation())

        def information_per_symbol(mcs: Mcs) -> float:
            losses = np.array(self._losses(mcs, payload_bytes, terms))
            if losses[0].mean() > terms.largest_first_loss or losses[-1].mean() > terms.largest_loss:
                return 0.0
            sent = 1.0 + losses[:-1].sum(axis=0)
            symbols = (symbols_for(payload_bytes, mcs) + overhead) * sent
            return float(np.mean((1 - losses[-1]) / symbols))

        scores = [information_per_symbol(mcs) for mcs in candidates]
        return candidates[int(np.argmax(scores))]
