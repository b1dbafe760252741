from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation.bench import records
from evaluation.bench.sets import parse_set
from semvid.errors import InvalidInput

SET = parse_set(
    """
title = "t"
clips = ["demo:0"]
methods = ["semvid"]
[[grid]]
snr_db = [10, 0]
target_cbr = [1, "default"]
""",
    "here",
)
FACTS = {
    "command": "bench run --out /tmp/out",
    "commit": "abc",
    "code": "c",
    "versions": {"av": "1"},
    "date": "d",
}


def record(**more: Any) -> records.Record:
    return {"clip": "demo:0", "failed": "", "key": "k", "cbr": 0.1, **FACTS, **more}


def test_what_was_published_is_read_as_what_was_swept(tmp_path: Path) -> None:
    records.start(tmp_path / "sweep", SET, FACTS)
    records.write(tmp_path / "sweep", "b", record(cbr=0.2))
    records.write(tmp_path / "sweep", "a", record(date="later", failed="no /home/me/weights.onnx"))
    records.publish(tmp_path / "sweep", tmp_path / "published")
    chosen, found = records.read_all(tmp_path / "published")
    assert chosen == SET
    swept = [{**one} for one in records.read_all(tmp_path / "sweep")[1]]
    for one in swept:
        del one["key"]
    assert found == swept
    assert [one["date"] for one in found] == ["later", "d"]
    assert sorted(path.name for path in (tmp_path / "published").iterdir()) == ["records.jsonl", "run.json"]
    run = json.loads((tmp_path / "published" / "run.json").read_text())
    assert run["commit"] == "abc"
    assert "date" not in run  # not all records share it
    lines = (tmp_path / "published" / "records.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert "commit" not in lines[0]


def test_no_record_names_a_folder_of_the_machine(tmp_path: Path) -> None:
    records.start(tmp_path, SET, FACTS)
    records.write(tmp_path, "a", record(settings={"lpips": "/work/x.onnx"}, traceback='File "/root/a.py"'))
    text = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert "x.onnx" in text
    assert "a.py" in text
    assert "--out out" in text
    assert not any(folder in text for folder in ("/work", "/root", "/tmp"))


def test_a_sweep_does_not_write_over_published_records(tmp_path: Path) -> None:
    records.start(tmp_path / "sweep", SET, FACTS)
    records.write(tmp_path / "sweep", "a", record())
    records.publish(tmp_path / "sweep", tmp_path / "published")
    with pytest.raises(InvalidInput, match="published records"):
        records.start(tmp_path / "published", SET, FACTS)


def test_nothing_is_published_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no sweep"):
        records.publish(tmp_path / "nothing", tmp_path / "published")
    records.start(tmp_path / "sweep", SET, FACTS)
    with pytest.raises(InvalidInput, match="no record"):
        records.publish(tmp_path / "sweep", tmp_path / "published")


def test_half_a_record_is_none(tmp_path: Path) -> None:
    records.write(tmp_path, "r", {"cbr": 1})
    assert records.read(tmp_path, "r") == {"cbr": 1}
    (tmp_path / "cells" / "r.json").write_text('{"cbr": ')
    assert records.read(tmp_path, "r") is None
    assert records.read(tmp_path, "none") is None
    assert [path.name for path in (tmp_path / "cells").iterdir()] == ["r.json"]


def test_committed_results_can_be_read() -> None:
    folder = Path(__file__).parents[4] / "results" / "bench"
    chosen, found = records.read_all(folder)
    assert len(found) == len(chosen.clips) * sum(len(chosen.methods_at(point)) for point in chosen.points())
