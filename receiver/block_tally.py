"""Which blocks were lost: hybrid ARQ as the receiver sees it."""

from dataclasses import dataclass, field

from semvid.phy.block import Reception, TbState

PROCESSES = 16


@dataclass(slots=True)
class BlockTally:
    """Counts blocks, each of which is one burst and its repetitions.

    A sender repeats a block until it has arrived or is given up, and numbers blocks modulo 16. So a block is
    lost when a later one shows up and a transport block of it is still outstanding, or when its number was
    passed over while bursts came whose control word could not be read. Where several blocks are under way at
    once, one that is outstanding may still come, and is lost when so many later ones have begun.

    Args:
        window: blocks that the sender may have under way at once, 1..8.

    Attributes:
        lost: blocks of which something never arrived.
        unreadable: bursts without a readable control word, soundings not counted.
    """

    lost: int = 0
    unreadable: int = 0
    window: int = 1
    _process: int | None = None  # newest
    _outstanding: dict[int, set[str]] = field(
        default_factory=dict
    )  # by process, of those that may still come
    _unreadable_since: int = 0

    @property
    def settled(self) -> bool:
        """Whether nothing of the newest block is outstanding."""
        newest = None if self._process is None else self._outstanding.get(self._process)
        return not newest and not self._unreadable_since

    def begins_another(self, reception: Reception) -> bool:
        """Whether ``reception`` belongs to a block that comes after all before."""
        if reception.control is None:
            return False
        return self._process is None or self._age(reception.control.process) >= self.window

    def add(self, reception: Reception) -> None:
        """Counts one burst."""
        if reception.sounding:
            return
        if reception.control is None:
            self.unreadable += 1
            self._unreadable_since += 1
            return
        if self.begins_another(reception):
            if self._process is None:
                passed_over = 0  # the number that a sender begins with is its own affair
            else:
                passed_over = (reception.control.process - self._process - 1) % PROCESSES
            self.lost += min(passed_over, self._unreadable_since)
            self._process = reception.control.process
            gone = [process for process in self._outstanding if self._age(process) >= self.window]
            self.lost += sum(bool(self._outstanding.pop(process)) for process in gone)
        self._unreadable_since = 0
        outstanding = self._outstanding.setdefault(reception.control.process, set())
        for slot, state in (("protected", reception.protected_state), ("bulk", reception.bulk_state)):
            if state is TbState.FAILED:
                outstanding.add(slot)
            elif state is TbState.DECODED:
                outstanding.discard(slot)

    def finish(self) -> None:
        """No more bursts come: what is outstanding is lost."""
        lost = sum(map(bool, self._outstanding.values()))
        self.lost += lost or bool(self._unreadable_since)
        self._outstanding.clear()
        self._unreadable_since = 0

    def _age(self, process: int) -> int:
        """How many blocks began after the one of ``process``."""
        assert self._process is not None
        return (self._process - process) % PROCESSES
