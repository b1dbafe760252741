"""The things that the detector knows, as people call them, and numbers in words."""

from functools import cache
from typing import Final

from semvid.images.objects import NAMES

_IRREGULAR: Final = {
    "person": "people",
    "knife": "knives",
    "mouse": "mice",
    "sheep": "sheep",
    "scissors": "scissors",
    "skis": "skis",
    "broccoli": "broccoli",
}
# other words for exactly the same class; what is only a part of one (men, vans) or more than one is not here
_ALSO: Final = {
    "human": "person",
    "humans": "person",
    "human being": "person",
    "human beings": "person",
    "persons": "person",
    "anybody": "person",
    "anyone": "person",
    "somebody": "person",
    "someone": "person",
    "bike": "bicycle",
    "bikes": "bicycle",
    "cycles": "bicycle",
    "motorbike": "motorcycle",
    "motorbikes": "motorcycle",
    "aeroplane": "airplane",
    "aeroplanes": "airplane",
    "plane": "airplane",
    "planes": "airplane",
    "boats": "boat",
    "ball": "sports ball",
    "balls": "sports ball",
    "football": "sports ball",
    "sofa": "couch",
    "sofas": "couch",
    "television": "tv",
    "televisions": "tv",
    "phone": "cell phone",
    "phones": "cell phone",
    "mobile phone": "cell phone",
    "mobile phones": "cell phone",
    "remote control": "remote",
    "remote controls": "remote",
    "fridge": "refrigerator",
    "fridges": "refrigerator",
    "doughnut": "donut",
    "doughnuts": "donut",
    "hair dryer": "hair drier",
    "hair dryers": "hair drier",
}
_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def plural(name: str) -> str:
    """Of a class of the detector."""
    if name in _IRREGULAR:
        return _IRREGULAR[name]
    return f"{name}es" if name.endswith(("s", "ch", "sh", "x")) else f"{name}s"


@cache
def _classes() -> dict[str, str]:
    return {**{name: name for name in NAMES}, **{plural(name): name for name in NAMES}, **_ALSO}


def class_of(words: str) -> str | None:
    """The class that ``words``, lower case, name exactly, in singular or plural; None: none of them."""
    return _classes().get(words)


def counted(count: int, name: str) -> str:
    """``two dogs``, ``a person`` without its article, ``no people``."""
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {name if count == 1 else plural(name)}"


def listed(parts: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
