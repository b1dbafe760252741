"""What a receiver's video decoder can bridge; the receiver announces it, the transmitter selects by it."""

from __future__ import annotations

from dataclasses import dataclass

from semvid.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Profile:
    """Abilities of one decoder.

    Attributes:
        name: of the decoder.
        longest_gap_s: seconds between two keyframes that it still bridges well.
        largest_motion: displacement between two keyframes that it still bridges well, as a fraction of the
            picture diagonal.
        closed_loop: it is deterministic and the transmitter can run the same interpolation, so that a gap
            can be tried instead of judged by the two figures above.
        frame_grid: native clip lengths are ``frame_grid * k + 1``; 1 means any.
        size_grid: native sides are multiples of this; 1 means any.
    """

    name: str
    longest_gap_s: float
    largest_motion: float
    closed_loop: bool = False
    frame_grid: int = 1
    size_grid: int = 1

    def __post_init__(self) -> None:
        if not self.longest_gap_s > 0 or not self.largest_motion > 0:
            raise InvalidInput(
                f"decoder {self.name}: longest gap and largest motion must be positive, "
                f"got {self.longest_gap_s} s and {self.largest_motion}"
            )
        if self.frame_grid < 1 or self.size_grid < 1:
            raise InvalidInput(
                f"decoder {self.name}: grids must be at least 1, got {self.frame_grid}, {self.size_grid}"
            )
