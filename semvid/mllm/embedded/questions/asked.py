"""What a question asks, where it is one of those that measurements answer.

Patterns cover the whole question: a word that none of them knows makes it another question, which is not
answered. "How many people wear hats" asks nothing that is measured here, though people are.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from semvid.mllm.embedded.questions.names import class_of


class Topic(Enum):
    """What is measured."""

    COUNT = "count"  # of one class, seen at once
    PRESENCE = "presence"  # of one class
    PLACE = "place"  # of one class
    THINGS = "things"  # all that are there
    CAMERA = "camera"
    CAMERA_STILL = "camera still"  # yes or no
    CAMERA_MOVES = "camera moves"  # yes or no
    CUTS = "cuts"
    SHOTS = "shots"
    ANY_CUT = "any cut"  # yes or no
    LIGHT = "light"
    DARK = "dark"  # yes or no
    BRIGHT = "bright"  # yes or no
    COLOURS = "colours"
    COLOURLESS = "colourless"  # yes or no
    COLOURED = "coloured"  # yes or no


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that can be answered.

    Attributes:
        topic: what is measured for it.
        name: class of the detector, where it is about one; otherwise empty.
    """

    topic: Topic
    name: str = ""


_VIDEO = r"(?:the |this )?(?:video|clip|film|movie|scene|picture|footage|image|shot)"
# what may follow without a change of meaning
_TAIL = re.compile(
    rf"(?: (?:there|here|visible|shown|seen|present|to be seen|in view|at once|altogether|in total"
    rf"|(?:can|do) (?:you|we|i) see|(?:in|on) {_VIDEO}|(?:does|do) {_VIDEO} (?:show|contain|have)"
    rf"|(?:are|is)(?= (?:there|here|visible|shown|seen|present|in|to|on))))+$"
)
_THING = r"(?P<thing>[a-z ]+)"
_SOME = r"(?:an? |any |some |the )?"
_HOW_MANY = r"(?:how many|count the|the number of)"
_PATTERNS: Final = tuple(
    (topic, re.compile("|".join(alternatives)))
    for topic, *alternatives in (
        (Topic.CUTS, rf"{_HOW_MANY} (?:hard )?cuts(?: are)?"),
        (Topic.SHOTS, rf"{_HOW_MANY} (?:shots|scenes)(?: are)?"),
        (Topic.ANY_CUT, r"(?:is|are) there (?:an?|any) (?:hard )?cuts?"),
        (
            Topic.CAMERA,
            r"(?:what|how|which way|where) (?:does|is) the camera (?:do|doing|behave)",
            r"(?:what|how|which way|where) (?:does|is) the camera (?:move|moving|pan|panning)(?: to)?",
        ),
        (
            Topic.CAMERA_STILL,
            r"(?:is|does) the camera (?:still|static|fixed|stand(?:ing)? still|stay still|not mov(?:e|ing))",
        ),
        (Topic.CAMERA_MOVES, r"(?:is|does) the camera (?:move|moving|pan|panning)"),
        (
            Topic.LIGHT,
            r"(?:what is|what's|how is|describe) the (?:light|lighting)(?: like)?",
            rf"how (?:bright|dark|light) is (?:it|{_VIDEO})",
        ),
        (Topic.DARK, rf"is (?:it|{_VIDEO}) dark"),
        (Topic.BRIGHT, rf"is (?:it|{_VIDEO}) (?:bright|light)"),
        (Topic.COLOURLESS, rf"is (?:it|{_VIDEO}) (?:in )?(?:black and white|colou?rless)"),
        (Topic.COLOURED, rf"is (?:it|{_VIDEO}) (?:in colou?r|colou?red)"),
        (
            Topic.COLOURS,
            r"(?:what|which)(?: are| is)?(?: the)?(?: main| dominant| prevailing)? colou?rs?"
            r"(?: is it| are| is| dominates?| prevails?)?",
        ),
        (
            Topic.THINGS,
            r"(?:what|which) (?:things|objects)(?: are)?",
            r"what(?: is| are)?|what's",
            r"(?:list|name) (?:the |all )?(?:things|objects)",
        ),
        (Topic.PLACE, rf"where (?:is|are) {_SOME}{_THING}"),
        (Topic.COUNT, rf"{_HOW_MANY} {_THING}"),
        (Topic.PRESENCE, rf"(?:is|are) there {_SOME}{_THING}"),
        (Topic.PRESENCE, rf"(?:can|do) (?:you|we) see {_SOME}{_THING}"),
        (Topic.PRESENCE, rf"(?:does|do) {_VIDEO} (?:show|contain|have) {_SOME}{_THING}"),
        (Topic.PRESENCE, rf"(?:is|are) (?:an? |any ){_THING}"),
    )
)


def asked(question: str) -> Asked | None:
    """What ``question`` asks; None where measurements do not answer it."""
    plain = " ".join(re.sub(r"[^\w' ]|_", " ", question.lower()).split())
    plain = plain.removeprefix("please ").removeprefix("tell me ")
    for words in dict.fromkeys((plain, _TAIL.sub("", plain))):
        for topic, pattern in _PATTERNS:
            if (match := pattern.fullmatch(words)) is None:
                continue
            if not pattern.groups:
                return Asked(topic)
            name = class_of(_TAIL.sub("", match["thing"]))
            if name is not None:
                return Asked(topic, name)
    return None
