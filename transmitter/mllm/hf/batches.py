"""Work in batches that shrink when the memory of the device runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from semvid.errors import LimitExceeded

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batches:
    """Cuts work into batches; a batch that does not fit is halved, and stays halved for what follows.

    Args:
        size: items in one batch at first.
        ran_out: whether an exception means that memory ran out.
        free: called after that, before the next try.
        notice: told of every halving.
        remedy: what to do where a single item does not fit.
    """

    def __init__(
        self,
        size: int,
        ran_out: Callable[[BaseException], bool],
        free: Callable[[], None],
        notice: Callable[[str], None],
        remedy: str,
    ) -> None:
        self.size = size
        self._ran_out, self._free, self._notice, self._remedy = ran_out, free, notice, remedy

    def run(self, items: Sequence[Item], work: Callable[[Sequence[Item]], list[Result]]) -> list[Result]:
        """Results of ``work`` for all items, in their order.

        Raises:
            LimitExceeded: a single item does not fit.
            Whatever else ``work`` raises.
        """
        results: list[Result] = []
        while len(results) < len(items):
            batch = items[len(results) : len(results) + self.size]
            done = self._try(batch, work)
            if done is not None:
                results += done
                continue
            # outside the handler: an exception at hand keeps the tensors of its frames alive
            self._free()
            if len(batch) == 1:
                raise LimitExceeded(f"the device has no memory for one question; {self._remedy}")
            self.size = len(batch) // 2
            self._notice(f"the device ran out of memory with {len(batch)} questions at once; now {self.size}")
        return results

    def _try(
        self, batch: Sequence[Item], work: Callable[[Sequence[Item]], list[Result]]
    ) -> list[Result] | None:
        try:
            return work(batch)
        except Exception as error:
            if not self._ran_out(error):
                raise
            return None
