from __future__ import annotations

from pathlib import Path

import pytest

from semvid.service.files import JsonLines, replacing, write_atomically


def test_content_appears_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.json"
    write_atomically(path, "grün")
    write_atomically(path, b"\xff", durable=True)
    assert path.read_bytes() == b"\xff"
    assert list(path.parent.iterdir()) == [path]


def test_what_breaks_off_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def break_off() -> None:
        with replacing(path) as file:
            file.write(b"half")
            assert path.read_text() == "old"
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        break_off()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a", "old")]


def test_a_list_is_read_in_pages(tmp_path: Path) -> None:
    entries = JsonLines(tmp_path / "a.jsonl")
    assert list(entries.read()) == []
    for number in range(5):
        entries.append({"n": number, "text": "grün\n"})
    assert [entry["n"] for entry in entries.read()] == [0, 1, 2, 3, 4]
    assert [entry["n"] for entry in entries.read(1, 3)] == [1, 2, 3]
    assert [entry["n"] for entry in entries.read(4, 3)] == [4]
    assert list(entries.read(5)) == []
    assert next(entries.read())["text"] == "grün\n"


def test_a_line_that_a_crash_cut_short_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    JsonLines(path).append([1])
    with path.open("ab") as file:
        file.write(b'{"n": ')
    assert list(JsonLines(path).read()) == [[1]]


def test_a_list_is_replaced_at_once(tmp_path: Path) -> None:
    entries = JsonLines(tmp_path / "a.jsonl")
    for number in range(5):
        entries.append(number)
    entries.replace(value for value in entries.read() if value % 2)
    assert list(entries.read()) == [1, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
