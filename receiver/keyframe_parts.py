"""Keyframe units in, whole keyframe packets out, in the order of time."""

from collections import deque
from dataclasses import dataclass

from receiver.gaps import Anchor
from semvid.errors import InvalidInput
from semvid.semantics import Keyframe


@dataclass(frozen=True, slots=True)
class CodedKeyframe:
    """A keyframe whose parts have all arrived. Attributes as in `semvid.semantics.Keyframe`."""

    number: int
    frame: int
    packet: bytes
    shot_start: bool
    refresh: bool

    def anchor(self) -> Anchor:
        """Its place in the video."""
        return Anchor(self.number, self.frame, self.shot_start, pictured=bool(self.packet))


class KeyframeParts:
    """Joins the parts of one keyframe at a time.

    Attributes:
        newest: some unit of the newest keyframe begun.
        arrived: keyframes of which every part arrived.
        whole: keyframes that are complete, oldest first; to be taken from the left.
        lost_cuts: frames of hard cuts whose keyframe was given up.
    """

    def __init__(self) -> None:
        self.newest: Keyframe | None = None
        self.arrived = 0
        self.whole: deque[CodedKeyframe] = deque()
        self.lost_cuts: list[int] = []
        self._parts: dict[int, bytes] = {}

    @property
    def newest_number(self) -> int:
        """Number of the newest keyframe begun, -1 before the first."""
        return -1 if self.newest is None else self.newest.number

    @property
    def begun(self) -> int:
        """Keyframes that are complete or given up, those overtaken without a trace included."""
        return self.newest_number + (not self._parts)

    def add(self, unit: Keyframe) -> bool:
        """Takes one unit in; False if it is not new, or comes too late to be of use.

        Raises:
            InvalidInput: it contradicts an earlier one, or the order of time.
        """
        newest = self.newest
        if newest is not None and unit.number <= newest.number:
            return unit.number == newest.number and self._add_part(unit, newest)
        number, frame = (-1, -1) if newest is None else (newest.number, newest.frame)
        if unit.frame - frame < unit.number - number:
            raise InvalidInput(
                f"keyframe {unit.number} sits at frame {unit.frame}, too early after keyframe {number} "
                f"at frame {frame}"
            )
        self.close()
        self.newest = unit
        self._store(unit)
        return True

    def close(self) -> None:
        """Gives up the newest keyframe if parts of it are missing."""
        if self._parts and self.newest is not None and self.newest.shot_start:
            self.lost_cuts.append(self.newest.frame)
        self._parts.clear()

    def _add_part(self, unit: Keyframe, newest: Keyframe) -> bool:
        described = (unit.frame, unit.shot_start, unit.refresh, unit.parts)
        if described != (newest.frame, newest.shot_start, newest.refresh, newest.parts):
            raise InvalidInput(f"the parts of keyframe {unit.number} contradict each other")
        if not self._parts:
            return False  # it was complete
        if unit.part in self._parts:
            if self._parts[unit.part] != unit.packet:
                raise InvalidInput(f"part {unit.part} of keyframe {unit.number} came with two contents")
            return False
        self._store(unit)
        return True

    def _store(self, unit: Keyframe) -> None:
        self._parts[unit.part] = unit.packet
        if len(self._parts) == unit.parts:
            packet = b"".join(self._parts[part] for part in range(unit.parts))
            self._parts.clear()
            self.arrived += 1
            self.whole.append(CodedKeyframe(unit.number, unit.frame, packet, unit.shot_start, unit.refresh))
