"""Sentences <-> packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics.sound import MAX_SOUND_PACKET_BYTES
from semvid.sound.sentence import MAX_TICKS, TICKS, Sentence, pack, unpack

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
sentences = st.builds(Sentence, st.integers(0, TICKS - 1), st.integers(1, MAX_TICKS), words)


@given(sentences)
def test_what_is_packed_comes_out(sentence: Sentence) -> None:
    assert unpack(pack(sentence)) == sentence


@given(sentences, st.integers(0, 200))
def test_a_packet_that_was_cut_is_refused_or_another_sentence_in_full(sentence: Sentence, size: int) -> None:
    packet = pack(sentence)
    cut = packet[: min(size, len(packet) - 1)]
    try:
        assert pack(unpack(cut)) == cut
    except MalformedUnits:
        return


@given(st.binary(max_size=80))
def test_every_sentence_has_one_packet(packet: bytes) -> None:
    try:
        sentence = unpack(packet)
    except MalformedUnits:
        return
    assert pack(sentence) == packet


@pytest.mark.parametrize("packet", [b"", b"\0", b"\0\0", b"\xff\xff", b"\0\0" + b"\xff" * 2_000])
def test_what_is_no_sentence_is_refused(packet: bytes) -> None:
    with pytest.raises(MalformedUnits):
        unpack(packet)


def test_words_are_never_empty() -> None:
    from semvid import text

    with pytest.raises(MalformedUnits, match="without words"):
        unpack(b"\0\0" + text.compress(""))


@pytest.mark.parametrize(
    ("start", "duration", "said"),
    [(-1, 1, "a"), (TICKS, 1, "a"), (0, 0, "a"), (0, MAX_TICKS + 1, "a"), (0, 1, ""), (0, 1, "a" * 401)],
)
def test_impossible_sentences_are_not_made(start: int, duration: int, said: str) -> None:
    with pytest.raises(InvalidInput, match=r"must lie in"):
        Sentence(start, duration, said)


def test_the_longest_fits_into_a_sound_packet_and_speech_takes_few_bits() -> None:
    assert len(pack(Sentence(31, MAX_TICKS, "\U0010ffff" * 400))) <= MAX_SOUND_PACKET_BYTES
    said = "I have been waiting for you since the early morning, and nobody came."
    assert 8 * len(pack(Sentence(3, 4 * TICKS, said))) / 4 < 75  # bit/s, for a sentence of four seconds
