"""Groups and slices in, groups of keyframe packets out, in the order of time."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from receiver.side_information import Coverage
from semvid.errors import InvalidInput
from semvid.semantics import KeyframeGroup, KeyframeSlice


@dataclass(frozen=True, slots=True)
class ReceivedGroup:
    """A group of which nothing more will come.

    Attributes:
        group: describes it.
        packets: of its pictures, in coding order; None where something of one is missing, empty where it was
            given up before it was sent.
        follows: it is the next one after the group before it; otherwise nobody knows what hung on those that
            are missing in between.
        slices: what arrived of all packets, by offset, where that is of use in part.
    """

    group: KeyframeGroup
    packets: tuple[bytes | None, ...]
    follows: bool
    slices: Mapping[int, bytes] = field(default_factory=dict)


class KeyframeGroups:
    """Joins the slices of one group at a time.

    Attributes:
        newest: the newest group begun.
        arrived: keyframes that have a packet and of which all of it arrived; or some of it, where they are
            ``of_use_in_part``.
        given_up: keyframes that were not sent.
        of_use_in_part: what arrives of a keyframe can be shown (`PictureCoding.TOKENS`).
        settled: groups of which nothing more will come, oldest first; to be taken from the left.
    """

    def __init__(self) -> None:
        self.newest: KeyframeGroup | None = None
        self.arrived = self.given_up = 0
        self.of_use_in_part = False
        self.settled: deque[ReceivedGroup] = deque()
        self._slices: dict[int, bytes] | None = None  # of the newest group while it is open
        self._covered = Coverage()
        self._bytes = 0
        self._follows = True
        self._before = (0, -1)  # the newest group: one past its last keyframe, and that one's frame

    @property
    def stop(self) -> int:
        """One past the number of the newest keyframe known."""
        return 0 if self.newest is None else self.newest.stop

    @property
    def begun(self) -> int:
        """Keyframes up to the newest group that is settled, those overtaken without a trace included."""
        if self.newest is None:
            return 0
        return self.newest.stop if self._slices is None else self.newest.number

    def add_group(self, group: KeyframeGroup) -> bool:
        """Takes the description of a group in; False if it is not new, or comes too late to be of use.

        One that begins a sequence takes the place of another from the same keyframe on of which something is
        missing: the sender made it anew, because that one had no room.

        Raises:
            InvalidInput: it contradicts an earlier one, or the order of time.
        """
        newest = self.newest
        anew = False
        if newest is not None and group.number < newest.stop:
            if group.number < newest.number or group == newest:
                return False
            anew = group.refresh and group.number == newest.number and self._slices is not None
            if not anew:
                raise InvalidInput(f"the keyframes from {group.number} on contradict an earlier description")
        before = self._before if anew else (self.stop, -1 if newest is None else newest.in_time[-1].frame)
        stop, frame = before
        if group.in_time[0].frame - frame <= group.number - stop:
            raise InvalidInput(
                f"keyframe {group.number} sits at frame {group.in_time[0].frame}, too early after keyframe "
                f"{stop - 1} at frame {frame}"
            )
        if not anew:
            self.close()
        self._before = before
        self.newest, self._slices, self._follows = group, {}, group.number == stop
        self._covered, self._bytes = Coverage(), 0
        self._settle_if_whole(group)
        return True

    def add_slice(self, part: KeyframeSlice) -> bool:
        """Takes one slice in; False if it is not new, or its group is not known or settled.

        Raises:
            InvalidInput: it contradicts an earlier one, or passes the end of its group.
        """
        newest, slices = self.newest, self._slices
        if newest is None or slices is None or part.number != newest.number:
            return False
        if part.offset in slices:
            if slices[part.offset] != part.data:
                raise InvalidInput(f"a slice of the keyframes from {part.number} on came with two contents")
            return False
        stop = part.offset + len(part.data)
        if stop > newest.size or self._covered.touches(part.offset, stop):
            raise InvalidInput(f"a slice of the keyframes from {part.number} on lies where it cannot")
        slices[part.offset] = part.data
        self._covered.add(part.offset, stop)
        self._bytes += len(part.data)
        self._settle_if_whole(newest)
        return True

    def close(self) -> None:
        """Nothing more will come of the newest group."""
        if self.newest is not None and self._slices is not None:
            packets = tuple(self._packets(self.newest, self._slices))
            in_part = self._slices if self.of_use_in_part else {}
            self.settled.append(ReceivedGroup(self.newest, packets, self._follows, in_part))
            self.arrived += 1 if in_part else sum(bool(packet) for packet in packets)
            self.given_up += packets.count(b"")
            self._slices = None

    def _settle_if_whole(self, group: KeyframeGroup) -> None:
        if self._bytes == group.size:
            self.close()

    def _packets(self, group: KeyframeGroup, slices: dict[int, bytes]) -> Iterator[bytes | None]:
        """Of each picture in coding order; None where a byte of it is missing."""
        joined = bytearray(group.size)
        for offset, data in slices.items():
            joined[offset : offset + len(data)] = data
        for span in group.spans():
            whole = self._covered.covers(span.start, span.stop)
            yield bytes(joined[span.start : span.stop]) if whole else None
