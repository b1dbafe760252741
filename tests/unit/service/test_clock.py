from __future__ import annotations

import threading
import time

import pytest

from semvid.service.clock import StageClock


def test_a_stage_is_timed_and_added_up_even_if_it_breaks_off() -> None:
    clock = StageClock({"writing": 1.0})
    with clock.stage("writing"):
        time.sleep(0.01)
    with pytest.raises(ValueError, match="no"), clock.stage("reading"):
        raise ValueError("no")
    assert 1.01 <= clock.seconds["writing"] < 1.5
    assert 0 <= clock.seconds["reading"] < 0.5


def test_threads_lose_nothing_of_one_stage() -> None:
    clock = StageClock()

    def spend() -> None:
        for _ in range(1000):
            clock.spend("reading", 0.25)

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.seconds == {"reading": 2000.0}
