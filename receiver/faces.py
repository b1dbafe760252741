"""What arrived of faces, kept until the gap that it animates is released."""

from dataclasses import replace

from receiver.gaps import Gap
from semvid.errors import InvalidInput, LimitExceeded
from semvid.faces.track import FaceTrack, Portrait
from semvid.faces.units import FaceMotion, FaceShape


class Faces:
    """Shapes and motions by the keyframe that they belong to.

    Args:
        most_moments: that may wait.
    """

    def __init__(self, most_moments: int) -> None:
        self._most = most_moments
        self._waiting = 0
        self._shapes: dict[int, FaceShape] = {}
        self._motions: dict[int, dict[int, FaceMotion]] = {}
        self._forgotten = 0  # keyframes before this one are past

    def add(self, unit: FaceShape | FaceMotion) -> bool:
        """Takes one in; False if it was there already or comes too late.

        Raises:
            InvalidInput: it contradicts an earlier one.
            LimitExceeded: more moments wait than allowed.
        """
        if unit.number < self._forgotten:
            return False
        known: FaceShape | FaceMotion | None
        if isinstance(unit, FaceShape):
            known = self._shapes.setdefault(unit.number, unit)
            new = known is unit
            self._waiting += new
        else:
            motions = self._motions.setdefault(unit.number, {})
            known = motions.setdefault(unit.first, unit)
            new = known is unit
            self._waiting += len(unit.moments) if new else 0
        if known != unit:
            raise InvalidInput(f"the face of keyframe {unit.number} contradicts earlier units")
        if self._waiting > self._most:
            raise LimitExceeded(f"the transmission has more than {self._most} moments of faces that wait")
        return new

    def animated(self, gap: Gap) -> Gap:
        """``gap`` with the faces that it is animated by, or with the loss of their points."""
        if gap.start is None:
            return gap
        number = gap.start.number
        motions = list(self._motions.get(number, {}).values())
        shape = self._shapes.get(number)
        if shape is None:
            lost = "the points of a face did not arrive" if motions else ""
            return replace(gap, loss="; ".join(filter(None, [gap.loss, lost])))
        end = None
        if gap.end is not None and not gap.end.shot_start:
            end = self._shapes.get(gap.end.number)
        end_face = None if end is None else Portrait(end)
        return replace(gap, face=FaceTrack(shape, motions), end_face=end_face)

    def forget(self, number: int) -> None:
        """Drops what belongs to keyframes before ``number``."""
        self._forgotten = max(self._forgotten, number)
        for old in [one for one in self._shapes if one < number]:
            del self._shapes[old]
            self._waiting -= 1
        for old in [one for one in self._motions if one < number]:
            self._waiting -= sum(len(motion.moments) for motion in self._motions.pop(old).values())
