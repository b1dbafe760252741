r"""Bursts of noise: the two-state channel of Gilbert and Elliott [G60]_, [E63]_.

A Markov chain moves from symbol to symbol between a good state, where the SNR is as set, and a bad one,
where it is ``bad_loss_db`` lower. A bad state lasts ``bad_symbols`` on average, and ``bad_share`` of all
symbols fall into one: with :math:`r = 1 / L` and :math:`p = r \pi / (1 - \pi)` the probabilities of leaving
and of entering it.

Every symbol has a uniform draw :math:`u` of its own. Below :math:`p` the state is bad whatever it was, from
:math:`1 - r` on it is good whatever it was, and in between it stays; so the state at any symbol is that of
the latest symbol before whose draw decided, and nobody has to walk there from the beginning. That is
exactly the chain, as long as :math:`p + r \le 1`.

.. [G60] E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39 (1960).
.. [E63] E. O. Elliott, "Estimates of error rates for codes on burst-noise channels", ibid. 42 (1963).
"""

import numpy as np
from numpy.typing import NDArray

from channel.gaussian import BURSTS, uniform

_LOOK_BACK = 4096  # draws at a time


def bad_states(seed: int, bad_symbols: float, bad_share: float, first: int, count: int) -> NDArray[np.bool_]:
    """Whether each of ``count`` symbols from position ``first`` on falls into a bad state, [n].

    Args:
        seed: same seed, same states.
        bad_symbols: mean length of a bad state, at least 1 / (1 - ``bad_share``).
        bad_share: of all symbols, in (0, 1).
    """
    leave = 1.0 / bad_symbols
    enter = leave * bad_share / (1.0 - bad_share)
    draws = uniform(seed, (BURSTS,), first, count)
    decided = (draws < enter) | (draws >= 1.0 - leave)
    latest = np.maximum.accumulate(np.where(decided, np.arange(count), -1))
    before = _state_at(seed, enter, leave, bad_share, first - 1) if count and latest[0] < 0 else False
    return np.where(latest < 0, before, draws[latest] < enter)


def _state_at(seed: int, enter: float, leave: float, bad_share: float, position: int) -> bool:
    """The state at one position; before position 0 it is drawn from the long-run shares."""
    while position >= 0:
        first = max(0, position + 1 - _LOOK_BACK)
        draws = uniform(seed, (BURSTS,), first, position + 1 - first)
        decided = np.flatnonzero((draws < enter) | (draws >= 1.0 - leave))
        if decided.size:
            return bool(draws[decided[-1]] < enter)
        position = first - 1
    return bool(uniform(seed, (BURSTS, 0), 0, 1)[0] < bad_share)
