"""Packets of which no frame comes, and of which the decoder does not say so: a field that lost its other."""

from __future__ import annotations

_MOST_PASSING = 16  # B-frames in a row that x264 and x265 make at most


class SilentPackets:
    """Finds out, where time stamps are dealt out in order, which of them belong to nobody.

    At most 16 frames are shown before one that was coded before them. What has not come by then does not
    come; without this, every frame after it would be shown one step too early, to the end of the video.
    """

    def __init__(self) -> None:
        self._passed: dict[int, int] = {}  # by stamp of a packet without frame: frames that should come later
        self._can_tell = True

    def see(self, stamp: int) -> None:
        """Takes note of a packet that should give a frame."""
        if self._can_tell:
            self._passed[stamp] = 0

    def forget(self, stamp: int) -> None:
        """Says that a packet was found undecodable."""
        self._passed.pop(stamp, None)

    def lost(self, stamp: int | None) -> int:
        """How many packets are known now to have given nothing, that were not known before.

        Args:
            stamp: of the newest frame's packet, as its decoder says. What is no packet's ends the search:
                nothing can be told of such a video.
        """
        if not self._can_tell:
            return 0
        if stamp is None or stamp not in self._passed:
            self._can_tell = False
            self._passed.clear()
            return 0
        del self._passed[stamp]
        lost = []
        for other in self._passed:
            if other < stamp:
                self._passed[other] += 1
                if self._passed[other] > _MOST_PASSING:
                    lost.append(other)
        for other in lost:
            del self._passed[other]
        return len(lost)
