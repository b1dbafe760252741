"""What a receiver announces, against what a transmitter wants to send."""

from __future__ import annotations

import pytest

from receiver.decoders.embedded import EmbeddedDecoder
from semvid.errors import InvalidInput
from semvid.images.jscc.networks import SHIPPED, Networks, shipped_digest
from semvid.profile import Profile

OURS = "hf:amused/amused-256", "0123456789abcdef"


def test_tokens_go_to_who_has_the_same_model() -> None:
    Profile("embedded", 1.0, tokens=OURS[1]).require_tokens(*OURS)


@pytest.mark.parametrize(
    ("theirs", "said"),
    [("", "the receiver none; set"), ("fedcba", "the receiver one with the digest fedcba; set")],
)
def test_tokens_for_who_has_none_or_another_are_refused(theirs: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Profile("embedded", 1.0, tokens=theirs).require_tokens(*OURS)
    told = str(caught.value)
    assert "the transmitter has hf:amused/amused-256 with the digest 0123456789abcdef" in told
    assert said in told
    assert "SEMVID_RECEIVER_TOKEN_MODEL" in told


def test_keyframes_without_bits_need_the_same_networks_at_both_ends() -> None:
    Profile("embedded", 1.0, jscc="a1").require_jscc("a1")
    with pytest.raises(InvalidInput, match="the receiver has the networks b2 for coding jscc, the"):
        Profile("embedded", 1.0, jscc="b2").require_jscc("a1")


def test_a_receiver_that_announces_none_knows_no_such_keyframes() -> None:
    with pytest.raises(InvalidInput, match="the receiver does not know coding jscc"):
        Profile("embedded", 1.0).require_jscc("a1")


def test_what_is_announced_is_what_would_be_loaded() -> None:
    assert shipped_digest() == Networks(SHIPPED).digest


def test_hdr_goes_to_decoders_that_keep_it() -> None:
    EmbeddedDecoder.profile.require_hdr()
    with pytest.raises(InvalidInput, match=r"decoder hf:x draws pictures of BT\.709 and cannot keep HDR"):
        Profile("hf:x", 1.0).require_hdr()
