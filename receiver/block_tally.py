"""Which blocks were lost: hybrid ARQ as the receiver sees it."""

from dataclasses import dataclass, field

from semvid.phy.block import Reception, TbState

PROCESSES = 16


@dataclass(slots=True)
class BlockTally:
    """Counts blocks, each of which is one burst and its repetitions.

    A sender repeats a block until it has arrived or is given up, and numbers blocks modulo 16. So a block is
    lost when a later one shows up and a transport block of it is still outstanding, or when its number was
    passed over while bursts came whose control word could not be read.

    Attributes:
        lost: blocks of which something never arrived.
        unreadable: bursts without a readable control word, soundings not counted.
    """

    lost: int = 0
    unreadable: int = 0
    _process: int | None = None
    _outstanding: set[str] = field(default_factory=set)
    _unreadable_since: int = 0

    @property
    def settled(self) -> bool:
        """Whether nothing of the present block is outstanding."""
        return not self._outstanding and not self._unreadable_since

    def begins_another(self, reception: Reception) -> bool:
        """Whether ``reception`` belongs to another block than the one before."""
        return reception.control is not None and reception.control.process != self._process

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
            self.lost += bool(self._outstanding) + min(passed_over, self._unreadable_since)
            self._outstanding.clear()
            self._process = reception.control.process
        self._unreadable_since = 0
        for slot, state in (("protected", reception.protected_state), ("bulk", reception.bulk_state)):
            if state is TbState.FAILED:
                self._outstanding.add(slot)
            elif state is TbState.DECODED:
                self._outstanding.discard(slot)

    def finish(self) -> None:
        """No more bursts come: what is outstanding is lost."""
        self.lost += bool(self._outstanding) or bool(self._unreadable_since)
        self._outstanding.clear()
        self._unreadable_since = 0
