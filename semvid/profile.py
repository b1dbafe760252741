"""What a receiver's video decoder can bridge; the receiver announces it, the transmitter selects by it."""

from dataclasses import dataclass
from enum import StrEnum

from semvid.errors import InvalidInput


class Given(StrEnum):
    """What the frames of a segment are drawn from, beside its caption and motion score."""

    BOTH_ENDS = "both_ends"  # the keyframes on both sides (paper, SKEM and SKIM)
    FIRST_FRAME = "first_frame"  # the picture that it begins with (GVSC, 2502.13838)
    NOTHING = "nothing"  # no picture at all (paper, Text-Only)


@dataclass(frozen=True, slots=True)
class Profile:
    """Abilities of one decoder.

    Attributes:
        name: of the decoder.
        longest_gap_s: seconds between two keyframes that it still bridges well.
        closed_loop: the transmitter can try a gap with the embedded decoder's interpolation, instead of
            judging it by its length: this decoder runs the same, or its errors rank gaps alike.
        draws_from: what it can draw a segment from.
        restorer: digest of the network that restores keyframes before it (`semvid.images.restorer`); empty:
            there is none.
        synthesiser: digest of the network that corrects what is drawn between keyframes
            (`semvid.images.synthesiser`); empty: there is none.
        tokens: digest of the model that it decodes tokens with (`semvid.tokens.model`); empty: there is none.
        jscc: digest of the networks that make pictures of symbols without bits
            (`semvid.images.jscc.networks`); empty: there are none, or the receiver knows no such pictures.
        keeps_hdr: what it draws of HLG or PQ pictures is HLG or PQ.
    """

    name: str
    longest_gap_s: float
    closed_loop: bool = False
    draws_from: frozenset[Given] = frozenset({Given.BOTH_ENDS})
    restorer: str = ""
    synthesiser: str = ""
    tokens: str = ""
    jscc: str = ""
    keeps_hdr: bool = False

    def __post_init__(self) -> None:
        if not self.longest_gap_s > 0:
            raise InvalidInput(
                f"decoder {self.name}: longest gap must be positive, got {self.longest_gap_s} s"
            )
        if not self.draws_from:
            raise InvalidInput(f"decoder {self.name}: it must be able to draw segments from something")

    def require(self, given: Given) -> None:
        """Refuses a stream whose segments cannot be shown by this decoder.

        A decoder that bridges can always show `Given.FIRST_FRAME`: where it cannot go on from one picture,
        that picture is held.

        Raises:
            InvalidInput: names the decoder and what to send, or start, instead.
        """
        if given in self.draws_from:
            return
        if given is Given.NOTHING:
            raise InvalidInput(
                f"the receiver's decoder {self.name} cannot draw from captions alone; send keyframes "
                "(skem, skim), or start the receiver with a text-to-video model "
                "(SEMVID_RECEIVER_DECODER=hf:..., docs/models.md)"
            )
        if Given.BOTH_ENDS not in self.draws_from:
            raise InvalidInput(
                f"the receiver's decoder {self.name} draws from captions alone and has no use for keyframes; "
                "send with keyframe_method text-only, or start the receiver with another decoder"
            )

    def require_tokens(self, name: str, digest: str) -> None:
        """Refuses keyframes as tokens that this receiver would read as others, or not at all.

        Args:
            name, digest: of the sender's token model.

        Raises:
            InvalidInput: says which model either end has, and where it is set.
        """
        if self.tokens == digest:
            return
        theirs = f"one with the digest {self.tokens}" if self.tokens else "none"
        raise InvalidInput(
            f"coding tokens needs the same token model at both ends: the transmitter has {name} with the "
            f"digest {digest}, the receiver {theirs}; set SEMVID_RECEIVER_TOKEN_MODEL and "
            "SEMVID_TRANSMITTER_TOKEN_MODEL to the same, or take another coding (docs/tokens.md)"
        )

    def require_jscc(self, digest: str) -> None:
        """Refuses to send keyframes as symbols without bits to a receiver that would make nothing of them.

        Args:
            digest: of the sender's networks.

        Raises:
            InvalidInput: names what the receiver has and what to do.
        """
        if self.jscc == digest:
            return
        has = f"has the networks {self.jscc} for coding jscc" if self.jscc else "does not know coding jscc"
        raise InvalidInput(
            f"the receiver {has}, the transmitter has the networks {digest}; update one of them, or send "
            "with another coding"
        )

    def require_hdr(self) -> None:
        """Refuses to send pictures that stay HDR to a receiver that would make something else of them.

        Raises:
            InvalidInput: names the decoder and what to do.
        """
        if self.keeps_hdr:
            return
        raise InvalidInput(
            f"the receiver's decoder {self.name} draws pictures of BT.709 and cannot keep HDR; send with "
            "hdr tone-map, or start the receiver with the decoder embedded or rife"
        )
