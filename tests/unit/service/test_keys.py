"""The file of keys: what is read, what is refused, and that a change holds at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import Conflict, InvalidInput, NotFound
from semvid.service.keys import Key, KeyFile, add_key, digest, parse_keys, read_keys, remove_key, written
from semvid.service.rights import Right

names = st.from_regex("[A-Za-z0-9._-]{1,64}", fullmatch=True)
digests = st.from_regex("[0-9a-f]{64}", fullmatch=True)
some_keys = st.lists(
    st.builds(
        Key,
        names,
        digests,
        st.none() | st.integers(0, 10**9 - 1),
        st.sets(st.sampled_from(Right), min_size=1).map(frozenset),
    ),
    unique_by=lambda key: key.name,
)


@given(some_keys)
def test_what_is_written_is_read(keys: list[Key]) -> None:
    assert parse_keys(written(keys)) == keys


@given(st.text(max_size=200))
def test_anything_is_keys_or_refused(text: str) -> None:
    try:
        keys = parse_keys(text)
    except InvalidInput:
        return
    assert parse_keys(written(keys)) == keys


@pytest.mark.parametrize(
    "line",
    ["alice", "alice secret -", f"alice {'0' * 64}", f"alice {'0' * 64} -1", f"alice {'0' * 64} 1 2",
     f"al/ice {'0' * 64} -", f"a {'0' * 64} -\na {'1' * 64} -", f"alice {'G' * 64} -",
     f"alice {'0' * 64} 1e3"],
)  # fmt: skip
def test_a_line_that_is_no_key_is_refused_and_not_repeated(tmp_path: Path, line: str) -> None:
    (tmp_path / "keys").write_text(line)
    with pytest.raises(InvalidInput) as refused:
        read_keys(tmp_path / "keys")
    assert str(tmp_path / "keys") in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "000" not in str(refused.value)


def test_a_key_is_known_only_by_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    token = add_key(path, "alice", 5)
    assert token.startswith("semvid_")
    assert len(token) > 40
    assert token not in path.read_text()
    assert read_keys(path) == [Key("alice", digest(token), 5)]
    assert add_key(path, "bob") != token
    with pytest.raises(Conflict, match="alice"):
        add_key(path, "alice")
    with pytest.raises(InvalidInput, match="0 or more"):
        add_key(path, "carol", -1)


def test_a_change_of_the_file_holds_from_the_next_request_on(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    alice, bob = add_key(path, "alice"), add_key(path, "bob")
    keys = KeyFile(path)
    assert [getattr(keys.holder(token), "name", None) for token in (alice, bob, "", "x", alice[:-1])] == [
        "alice", "bob", None, None, None,
    ]  # fmt: skip
    remove_key(path, "alice")
    assert keys.holder(alice) is None
    assert keys.holder(bob) is not None
    with pytest.raises(NotFound, match="it has bob"):
        remove_key(path, "alice")
    carol = add_key(path, "carol")
    assert keys.holder(carol) == read_keys(path)[1]
    path.write_text("nonsense")
    assert keys.holder(bob) is None
    path.unlink()
    assert keys.holder(bob) is None
    with pytest.raises(InvalidInput, match="cannot be read"):
        KeyFile(path)
