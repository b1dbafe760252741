"""Captions <-> bytes, in about a quarter of the bytes that UTF-8 takes.

A text is coded by `semvid.text.model`, which both ends have primed with the same sentences
(``prior.txt``). Where that does not pay (other scripts, random characters), it goes as the byte 0xFF and
its UTF-8 bytes; no code starts with 0xFF. Every text has exactly one representation, and only that one is
accepted.
"""

from functools import cache
from pathlib import Path

from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics.segments import MAX_CAPTION_CHARS
from semvid.text.model import END, FIRST_RESERVED, MAX_BYTES, State, decode, encode, learn

PRIOR = Path(__file__).with_name("prior.txt")
_UNCODED = bytes([FIRST_RESERVED])


def compress(text: str) -> bytes:
    """Codes ``text``; at most one byte longer than its UTF-8 form.

    Raises:
        InvalidInput: more than 400 characters, or characters that are no Unicode text (lone surrogates).
    """
    if len(text) > MAX_CAPTION_CHARS:
        raise InvalidInput(f"a caption holds at most {MAX_CAPTION_CHARS} characters, got {len(text)}")
    try:
        plain = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput(f"a caption must be Unicode text: {error}") from error
    if END in plain:
        return _UNCODED + plain
    coded = encode(_primed().copy(), plain)
    return coded if len(coded) <= len(plain) + 1 else _UNCODED + plain


def expand(code: bytes) -> str:
    """The text that `compress` made ``code`` from.

    Raises:
        MalformedUnits: bytes that `compress` does not make.
    """
    if len(code) > MAX_BYTES + 1:
        raise MalformedUnits(f"a coded caption has at most {MAX_BYTES + 1} bytes, got {len(code)}")
    plain = code[1:] if code.startswith(_UNCODED) else decode(_primed().copy(), code)
    if plain is None:
        raise MalformedUnits("a coded caption does not end")
    try:
        text = plain.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedUnits(f"a coded caption is no UTF-8 text: {error}") from error
    if len(text) > MAX_CAPTION_CHARS or compress(text) != code:
        raise MalformedUnits("a coded caption that no coder makes")
    return text


def shortened(sentence: str, limit: int = MAX_CAPTION_CHARS) -> str:
    """``sentence`` in one line of at most ``limit`` characters, cut at a word where there is one."""
    line = " ".join(sentence.split())
    if len(line) <= limit:
        return line
    head, _, rest = line[: limit + 1].rpartition(" ")
    return head if head and len(rest) <= limit else line[:limit]


@cache
def _primed() -> State:
    """The model after reading the prior; made once per process."""
    state = State.fresh()
    lines = PRIOR.read_text(encoding="utf-8").splitlines()
    learn(state, b"".join(line.encode("utf-8") + bytes([END]) for line in lines if line))
    return state
