"""How keyframes are coded: what of them crosses, and what leans on what."""

from enum import StrEnum


class PictureCoding(StrEnum):
    """How keyframe packets depend on each other."""

    PYRAMID = "pyramid"  # hierarchical AV1: anchors, and layers of pictures predicted from both sides
    LOW_DELAY = "low-delay"  # each is predicted from earlier ones; a lost packet spoils what follows
    INTRA = "intra"  # every packet stands alone
    TOKENS = "tokens"  # the same, of tokens; those that miss are drawn by the receiver (docs/tokens.md)
    JSCC = "jscc"  # each stands alone and crosses as symbols without bits (docs/jscc.md)
    PORTRAIT = "portrait"  # low delay; between two lies a face that moves as numbers say (docs/portrait.md)
