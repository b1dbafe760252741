"""Modulation, coding and blocks for a budget of symbols, chosen by block error rates that are measured."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np

from evaluation.baseline.one_shot import Bursts, send
from evaluation.link import Air
from evaluation.method import Conditions
from semvid.errors import InvalidInput
from semvid.phy.control_word import AGGREGATION_LEVELS, MAX_BULK_BYTES, symbols_at
from semvid.phy.layout import DENSE_SPACING, MAX_BLOCK_SYMBOLS, SPARSE_SPACING, total_symbols
from semvid.phy.mcs import MCS_BY_EFFICIENCY, Mcs, control_threshold_db, snr_threshold_db
from semvid.phy.transport_block import symbols_for

TRIALS: Final = 100
# Losses below which no more robust scheme is looked for, and above which no more efficient one is.
_HARDLY, _TOO_MANY = 0.01, 0.2
_STREAM: Final = 0x6261  # keeps the draws of trials apart from those of pictures
# A control word needs this much more than over AWGN where the gain changes; measured losses include its own.
_FADING_MARGIN_DB: Final = 6.0
_CONTROL_MARGIN_DB: Final = 2.5
_CONTROL_BLER: Final = 1e-3
_MARGIN_DB: Final = 0.5  # of robust bursts, for channel estimates


@dataclass(frozen=True, slots=True)
class Plan:
    """How a picture is sent.

    Attributes:
        budget: symbols, everything counted.
        bursts: modulation, coding, pilots and control words.
        loss: share of pictures that were lost when it was measured.
        trials: how often it was; fewer than asked for where the verdict was clear.
    """

    budget: int
    bursts: Bursts
    loss: float
    trials: int

    @property
    def capacity_bytes(self) -> int:
        """The largest stream that the budget carries."""
        return capacity_bytes(self.budget, self.bursts)

    @property
    def settings(self) -> dict[str, Any]:
        """For a record."""
        return {
            "mcs": self.bursts.mcs.name,
            "aggregation": self.bursts.aggregation,
            "pilot_spacing": self.bursts.pilot_spacing,
            "planned_loss": self.loss,
            "planned_trials": self.trials,
            "capacity_bytes": self.capacity_bytes,
        }


def capacity_bytes(budget: int, bursts: Bursts) -> int:
    """Bytes that cross in at most ``budget`` symbols, in equal bursts and as few as can be; 0 if none do."""
    count = 1
    while True:
        share = budget // count
        largest = _largest_payload(min(share, MAX_BLOCK_SYMBOLS), bursts)
        if largest == 0:
            return 0
        # one more burst costs a preamble and a control word, and is worth it only where this one is full
        if share <= MAX_BLOCK_SYMBOLS and largest < MAX_BULK_BYTES:
            return count * largest
        count += 1


def _largest_payload(symbols: int, bursts: Bursts) -> int:
    """Bytes of the largest transport block whose burst has at most so many symbols; 0 if there is none."""
    low, high = 0, MAX_BULK_BYTES
    while low < high:
        middle = (low + high + 1) // 2
        data = symbols_at(bursts.aggregation) + symbols_for(middle, bursts.mcs)
        fits = total_symbols(data, bursts.pilot_spacing) <= symbols
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


@lru_cache(maxsize=256)
def candidate_plans(budget: int, conditions: Conditions, trials: int = TRIALS) -> tuple[Plan, ...]:
    """The schemes among which the best one lies, whatever the picture: from hardly a loss to too many.

    Each sends pictures' worth of random bytes through the very chain that the picture will take: pilots,
    control words, fading, noise, channel estimate, decoder, CRC. The lowest loses at most `_HARDLY` of them,
    or is the most robust there is; the highest is the last that loses no more than `_TOO_MANY`.

    Args:
        budget: symbols, everything counted.
        conditions: that are planned for; the draws of the measurement are others than the picture's.
        trials: pictures' worth at most for each scheme.

    Raises:
        InvalidInput: the budget does not hold a block of one byte in any scheme.
    """
    found: list[Plan] = []
    start = _likely(conditions)
    for above in range(start, len(MCS_BY_EFFICIENCY)):
        plan = _measured(budget, _bursts(MCS_BY_EFFICIENCY[above], conditions), conditions, trials)
        if plan.loss > _TOO_MANY:
            break
        found.append(plan)
    for below in range(start - 1, -1, -1):
        if found and found[0].loss <= _HARDLY:
            break
        plan = _measured(budget, _bursts(MCS_BY_EFFICIENCY[below], conditions), conditions, trials)
        if plan.loss <= _TOO_MANY or below == 0:
            found.insert(0, plan)
    usable = tuple(plan for plan in found if plan.capacity_bytes)
    if not usable:
        raise InvalidInput(
            f"baseline: {budget} symbols hold no byte beside control word and pilots over {conditions.model} "
            f"at {conditions.snr_db:g} dB; raise --target-cbr or --snr-db"
        )
    return usable


def robust_bursts(payload_bytes: int, conditions: Conditions, bler: float = 1e-3) -> Bursts:
    """The most efficient bursts that lose so small a share of blocks of this size, by measured thresholds.

    Args:
        payload_bytes: of a block.
        conditions: over fading 6 dB are added to what AWGN asks for, for want of a measurement.
        bler: block error rate.
    """
    reach = conditions.snr_db - _MARGIN_DB - (0 if conditions.model == "awgn" else _FADING_MARGIN_DB)
    met = [mcs for mcs in MCS_BY_EFFICIENCY if snr_threshold_db(mcs, 8 * payload_bytes, bler) <= reach]
    return _bursts(met[-1] if met else MCS_BY_EFFICIENCY[0], conditions)


def _likely(conditions: Conditions) -> int:
    """Where to begin: the last whose threshold over AWGN is met, with distance where the gain changes."""
    margin_db = 0.3 if conditions.model == "awgn" else 3.5
    reach = conditions.snr_db - margin_db
    met = [n for n, mcs in enumerate(MCS_BY_EFFICIENCY) if snr_threshold_db(mcs, 8 * 1024, 0.01) <= reach]
    return met[-1] if met else 0


def _bursts(mcs: Mcs, conditions: Conditions) -> Bursts:
    steady = conditions.model == "awgn"
    reach = conditions.snr_db - _CONTROL_MARGIN_DB - (0 if steady else _FADING_MARGIN_DB)
    safe = [level for level in AGGREGATION_LEVELS if control_threshold_db(level, _CONTROL_BLER) <= reach]
    return Bursts(
        mcs, safe[0] if safe else AGGREGATION_LEVELS[-1], SPARSE_SPACING if steady else DENSE_SPACING
    )


def _measured(budget: int, bursts: Bursts, conditions: Conditions, trials: int) -> Plan:
    size = capacity_bytes(budget, bursts)
    seeds = np.random.SeedSequence([conditions.seed, _STREAM]).generate_state(trials)
    lost = sent = 0
    # no more is sent once so many are lost that the rest cannot make it good
    while size and sent < trials and lost <= _TOO_MANY * trials:
        seed = int(seeds[sent])
        payload = np.random.default_rng(seed).bytes(size)
        air = Air(replace(conditions, seed=seed))
        lost += send(payload, bursts, air).data != payload
        sent += 1
    return Plan(budget, bursts, lost / max(sent, 1), sent)
