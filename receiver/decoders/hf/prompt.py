"""What a generative model is told: the caption, and how much moves."""

from typing import Final

_MOTION_WORDS: Final = (  # up to this much of the picture's diagonal per second
    (0.01, "Static camera, almost nothing moves."),
    (0.06, "Slow, gentle motion."),
    (0.20, "Moderate, natural motion."),
    (0.50, "Fast motion."),
)
_FASTEST: Final = "Very fast, dynamic motion."
_NO_CAPTION: Final = "A continuous video shot."

# What guidance leads away from. Stillness is not in it: much of what is sent hardly moves.
NEGATIVE_PROMPT: Final = "low quality, blurry, distorted, deformed, flickering, jittery, watermark, subtitles"


def prompt_for(caption: str, motion: float | None, frame_rate: float) -> str:
    """The prompt of one segment.

    The paper hands the motion score to a model that was trained with one; the models here were not, so it is
    put into words.

    Args:
        caption: what happens; empty when it was lost.
        motion: mean optical-flow magnitude, fraction of the diagonal per frame; None when it was lost.
        frame_rate: frames per second.
    """
    sentence = " ".join(caption.split()) or _NO_CAPTION
    if sentence[-1] not in ".!?":
        sentence += "."
    return sentence if motion is None else f"{sentence} {motion_words(motion * frame_rate)}"


def motion_words(per_second: float) -> str:
    """Words for a mean displacement, fraction of the picture's diagonal per second."""
    return next((words for limit, words in _MOTION_WORDS if per_second <= limit), _FASTEST)
