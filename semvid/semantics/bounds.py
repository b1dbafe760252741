"""What any unit may count up to, and how one that passes it is refused."""

from semvid.errors import InvalidInput

MAX_FRAMES = 2**31 - 1
MAX_KEYFRAMES = 2**24


def require(condition: bool, message: str) -> None:
    """Refuses a unit.

    Raises:
        InvalidInput: with ``message``, where ``condition`` does not hold.
    """
    if not condition:
        raise InvalidInput(message)


def in_range(name: str, value: int, low: int, high: int) -> None:
    """Refuses a unit whose ``name`` is less than ``low`` or more than ``high``.

    Raises:
        InvalidInput: says so.
    """
    require(low <= value <= high, f"{name} must lie in {low}..{high}, got {value}")


def check_place(number: int, frame: int) -> None:
    """Refuses a keyframe that cannot be the ``number``-th and sit at ``frame``.

    Raises:
        InvalidInput: says why.
    """
    in_range("keyframe number", number, 0, MAX_KEYFRAMES)
    in_range("keyframe frame", frame, 0, MAX_FRAMES)
    require(frame >= number, f"keyframe {number} cannot sit at frame {frame}")
