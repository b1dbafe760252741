"""What hangs is given up and named; what does not is as if nobody watched."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest
import structlog

from semvid.errors import SemvidError
from transmitter.watchdog import within


def test_results_errors_and_context_come_through() -> None:
    def fail() -> None:
        raise KeyError("mine")

    async def scene() -> None:
        assert await within(10, "encoder", lambda: 7) == 7
        with pytest.raises(KeyError, match="mine"):
            await within(10, "encoder", fail)
        with structlog.contextvars.bound_contextvars(transmission_id="a"):
            seen = await within(10, "encoder", structlog.contextvars.get_contextvars)
        assert seen == {"transmission_id": "a"}

    asyncio.run(scene())


def test_what_hangs_is_given_up_and_others_go_on() -> None:
    go = threading.Event()

    async def scene() -> None:
        began = time.monotonic()
        # more than the threads of any pool
        hung = [within(0.3, "encoder", go.wait) for _ in range(60)]
        results = await asyncio.gather(*hung, return_exceptions=True)
        assert time.monotonic() - began < 20
        assert all(isinstance(one, SemvidError) for one in results)
        assert "encoder gave nothing for 0.3 s" in str(results[0])
        assert "SEMVID_TRANSMITTER_ENCODE_TIMEOUT_S" in str(results[0])
        assert await asyncio.to_thread(lambda: 7) == await within(10, "encoder", lambda: 7)

    try:
        asyncio.run(scene())
    finally:
        go.set()


def test_what_hangs_does_not_keep_the_process_from_ending() -> None:
    program = (
        "import asyncio, time\n"
        "from transmitter.watchdog import within\n"
        "try: asyncio.run(within(0.1, 'encoder', lambda: time.sleep(600)))\n"
        "except Exception as error: print(type(error).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "SemvidError"
