"""Work in a library that may hang for ever, such as an encoder's: bounded, and never in the way of the end.

A thread in C cannot be ended. So it is one of its own, which neither holds a place in a pool nor keeps the
process from ending.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from semvid.errors import SemvidError

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)


async def within(seconds: float, what: str, act: Callable[[], Result]) -> Result:
    """What ``act`` gives, run in a thread of its own.

    Args:
        seconds: that it may take.
        what: it is, for messages.
        act: blocks; where it is given up it goes on, and nobody waits for it.

    Raises:
        SemvidError: it took longer.
        Exception: what ``act`` raised.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()
    context = contextvars.copy_context()

    def settle(set_it: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            set_it(value)

    def work() -> None:
        try:
            result = context.run(act)
        except BaseException as error:
            told: tuple[Callable[[Any], None], Any] = future.set_exception, error
        else:
            told = future.set_result, result
        with suppress(RuntimeError):  # the loop is closed; nobody waits
            loop.call_soon_threadsafe(settle, *told)

    threading.Thread(target=work, name=what, daemon=True).start()
    done, _ = await asyncio.wait({future}, timeout=seconds)
    if not done:
        future.cancel()
        _log.error("work hangs and is given up", what=what, seconds=seconds)
        raise SemvidError(
            f"the transmitter's {what} gave nothing for {seconds:g} s and is taken to hang; its thread ends "
            "with the process, so restart the transmitter if this happens again, or allow more by "
            "SEMVID_TRANSMITTER_ENCODE_TIMEOUT_S"
        )
    return future.result()
