"""What arrived of faces, kept until the gap that it animates is released."""

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

    def track(self, number: int) -> FaceTrack | None:
        """The face from keyframe ``number`` on; None where nothing is animated, or its points are missing."""
        shape = self._shapes.get(number)
        return None if shape is None else FaceTrack(shape, list(self._motions.get(number, {}).values()))

    def portrait(self, number: int) -> Portrait | None:
        """The face of keyframe ``number``; None where none is known."""
        shape = self._shapes.get(number)
        return None if shape is None else Portrait(shape)

    def lacks_points(self, number: int) -> bool:
        """Whether keyframe ``number`` was to be animated and its points did not arrive."""
        return number in self._motions and number not in self._shapes

    def forget(self, number: int) -> None:
        """Drops what belongs to keyframes before ``number``."""
        self._forgotten = max(self._forgotten, number)
        for old in [one for one in self._shapes if one < number]:
            del self._shapes[old]
            self._waiting -= 1
        for old in [one for one in self._motions if one < number]:
            self._waiting -= sum(len(motion.moments) for motion in self._motions.pop(old).values())
