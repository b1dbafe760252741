import hashlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics.segments import MAX_CAPTION_CHARS
from semvid.text import PRIOR, compress, expand
from semvid.text.model import _LOGISTIC, MAX_BYTES, State, decode, encode, learn

OWN = "A scene, blue above grey; the camera is still; a medium-sized region in the middle moves."
GENERIC = "A woman pours tea into a blue cup while a child reads a book next to her."


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=MAX_CAPTION_CHARS))
@example("")
@example("\0")
@example("a\0b")
@example("x" * MAX_CAPTION_CHARS)
@example("\U0010ffff" * MAX_CAPTION_CHARS)
@example("Ein Hund läuft über die Straße. 犬が走る。")
def test_any_text_survives(text: str) -> None:
    code = compress(text)
    assert expand(code) == text
    assert len(code) <= len(text.encode()) + 1


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff")
@example(b"\xff\xff")
@example(b"\xff" + b"a" * 401)
@example(b"\0")
def test_random_bytes_are_refused_or_are_exactly_what_the_coder_makes(code: bytes) -> None:
    try:
        text = expand(code)
    except MalformedUnits:
        return
    assert len(text) <= MAX_CAPTION_CHARS
    assert compress(text) == code


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_codes_never_crash(data: st.DataObject) -> None:
    code = bytearray(compress(GENERIC))
    code[data.draw(st.integers(0, len(code) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        text = expand(bytes(code))
    except MalformedUnits:
        return
    assert text != GENERIC


def test_a_second_representation_of_a_text_is_refused() -> None:
    with pytest.raises(MalformedUnits, match="no coder makes"):
        expand(compress(GENERIC) + b"\0")
    with pytest.raises(MalformedUnits, match="no coder makes"):
        expand(b"\xff" + GENERIC.encode())


def test_bounds() -> None:
    with pytest.raises(InvalidInput, match="400"):
        compress("x" * 401)
    with pytest.raises(InvalidInput, match="Unicode"):
        compress("\ud800")
    with pytest.raises(MalformedUnits, match="at most"):
        expand(b"\xff" * (MAX_BYTES + 2))
    with pytest.raises(MalformedUnits, match="UTF-8"):
        expand(b"\xff\xc3\x28" + b"\xc3" * 9)


def test_captions_cost_a_fraction_of_their_characters() -> None:
    assert len(compress(OWN)) <= 10
    assert len(compress(GENERIC)) <= 0.42 * len(GENERIC)
    assert all(
        5 * len(compress(line)) <= len(line) for line in PRIOR.read_text(encoding="utf-8").splitlines()
    )


def test_codes_are_the_same_on_every_machine() -> None:
    """The prior and the codes are part of the wire format: whoever changes them changes the protocol."""
    assert hashlib.sha256(PRIOR.read_bytes()).hexdigest()[:16] == "50235f4a17afd4a9"
    assert compress(OWN).hex() == "510b816e9521"
    assert compress(GENERIC).hex() == "42ab8d0d2646f974a417a9e04477e707d34043b459b0f7c2"
    assert compress("日本").hex() == "ff" + "日本".encode().hex()


def test_the_logistic_table_is_the_logistic_function() -> None:
    x = np.arange(-16, 17) / 2
    assert np.abs(np.array(_LOGISTIC) - 4096 / (1 + np.exp(-x))).max() <= 1.0


def test_learning_makes_codes_shorter() -> None:
    text = b"the quick brown fox jumps over the lazy dog"
    fresh, taught = State.fresh(), State.fresh()
    learn(taught, (text + b"\0") * 2)
    again = taught.copy()
    code = encode(taught, text)
    assert 2 * len(code) < len(encode(fresh, text))
    assert decode(again, code) == text


def test_a_code_without_an_end_decodes_to_nothing() -> None:
    taught = State.fresh()
    learn(taught, b"a" * 4000)
    assert decode(taught, b"") is None
