"""What a receiver announces, against what a transmitter wants to send."""

from __future__ import annotations

import pytest

from semvid.errors import InvalidInput
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
