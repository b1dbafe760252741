"""What is done to the services, when, and for how long; all of it drawn from one seed."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from evaluation.chaos.trio import HOPS, SERVICES, Trio

_KILL_AFTER_S = (0.2, 5.0)
_DOWN_S = (0.0, 2.0)
_LASTS_S = (1.0, 8.0)
_DELAY_S = (0.02, 0.5)
_OF_KILLS = 0.78  # of what is done; the rest makes a link or a disk bad for a while
_INTO_WORK = 0.6  # of what is done, while all three serve; the rest comes whenever, at their starts too
_READY_S = 60.0
_OF_ALL = 0.08  # of the kills: all three at once


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that was done.

    Attributes:
        kind: kill, cut, hold up, delay, fill.
        target: a service, a hop, or ``all``.
        at: Unix time of its beginning, seconds.
        until: Unix time of its end; of a kill, when the service was started again.
    """

    kind: str
    target: str
    at: float
    until: float


class Faults:
    """Breaks things.

    Args:
        trio: to be broken.
        seed: of victims, moments and durations. How the processes interleave is the machine's.

    Attributes:
        done: everything so far.
    """

    def __init__(self, trio: Trio, seed: str) -> None:
        self.done: list[Fault] = []
        self._trio, self._random = trio, random.Random(seed)
        self._lasting: dict[str, tuple[float, Callable[[], None]]] = {}  # by target: until when, and its end

    @property
    def kills(self) -> int:
        """Times that something was killed; all three at once count once."""
        return sum(fault.kind == "kill" for fault in self.done)

    def step(self) -> None:
        """Waits for a random moment and breaks one thing more.

        Raises:
            LinkFailed: a service ended that nobody had killed.
        """
        if self._random.random() < _INTO_WORK:
            self._until_ready()
        self._pass(self._random.uniform(*_KILL_AFTER_S))
        self._trio.check()
        if self._random.random() < _OF_KILLS:
            every = self._random.random() < _OF_ALL
            self._kill(self._random.sample(SERVICES, 3) if every else [self._random.choice(SERVICES)])
        else:
            self._spoil()

    def stop(self) -> None:
        """Everything is well again."""
        self._lasting.clear()
        self._trio.heal()

    def _kill(self, victims: list[str]) -> None:
        at = time.time()
        for victim in victims:
            self._trio.kill(victim)
        self._pass(self._random.uniform(*_DOWN_S))
        for victim in victims:
            self._trio.start(victim)
        target = "all" if len(victims) > 1 else victims[0]
        self.done.append(Fault("kill", target, at, time.time()))

    def _spoil(self) -> None:
        kinds = ["cut", "hold up", "delay", *(["fill"] if self._trio.disks else [])]
        kind = self._random.choice(kinds)
        target = self._random.choice(sorted(self._trio.disks) if kind == "fill" else HOPS)
        lasts_s, delay_s = self._random.uniform(*_LASTS_S), self._random.uniform(*_DELAY_S)
        if target in self._lasting:
            return
        at = time.time()
        if kind == "fill":
            disk = self._trio.disks[target]
            disk.fill()
            end = disk.make_room
        else:
            link = self._trio.links[target]
            match kind:
                case "cut":
                    link.cut()
                case "hold up":
                    link.hold_up()
                case _:
                    link.delay(delay_s)
            end = link.heal
        self._lasting[target] = time.monotonic() + lasts_s, end
        self.done.append(Fault(kind, target, at, at + lasts_s))

    def _until_ready(self) -> None:
        """Until a transmission could pass, or for some time where something keeps it from that."""
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline and not self._trio.ready():
            self._pass(0.2)

    def _pass(self, seconds: float) -> None:
        """Lets time go by; what has lasted long enough ends."""
        deadline = time.monotonic() + seconds
        while (now := time.monotonic()) < deadline:
            for target, (until, end) in list(self._lasting.items()):
                if now >= until:
                    end()
                    del self._lasting[target]
            time.sleep(min(0.1, deadline - now))
