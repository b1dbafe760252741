from __future__ import annotations

from itertools import pairwise

from receiver.decoders.hf.prompt import motion_words, prompt_for


def test_a_prompt_is_the_caption_and_what_moves() -> None:
    assert prompt_for("A boat  moves", 0.004, 25.0) == "A boat moves. Moderate, natural motion."
    assert prompt_for("A boat moves.", None, 25.0) == "A boat moves."


def test_a_lost_caption_still_makes_a_prompt() -> None:
    assert prompt_for("", None, 25.0) == "A continuous video shot."


def test_more_motion_never_reads_slower() -> None:
    words = [motion_words(speed / 1000) for speed in range(0, 1000, 5)]
    assert len(dict.fromkeys(words)) == 5
    assert all(a == b or words.index(b) > words.index(a) for a, b in pairwise(words))
