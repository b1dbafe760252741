"""What a receiver cannot show is refused before anything is sent."""

from __future__ import annotations

import pytest

from semvid.errors import InvalidInput
from semvid.images.jscc.networks import SHIPPED, Networks, shipped_digest
from semvid.profile import Profile


def test_keyframes_without_bits_need_the_same_networks_at_both_ends() -> None:
    Profile("embedded", 1.0, jscc="a1").require_jscc("a1")
    with pytest.raises(InvalidInput, match="the receiver has the networks b2 for coding jscc, the"):
        Profile("embedded", 1.0, jscc="b2").require_jscc("a1")


def test_a_receiver_that_announces_none_knows_no_such_keyframes() -> None:
    with pytest.raises(InvalidInput, match="the receiver does not know coding jscc"):
        Profile("embedded", 1.0).require_jscc("a1")


def test_what_is_announced_is_what_would_be_loaded() -> None:
    assert shipped_digest() == Networks(SHIPPED).digest
