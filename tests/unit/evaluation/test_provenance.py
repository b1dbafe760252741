from __future__ import annotations

import sys

import pytest

from evaluation.provenance import machine_free, provenance


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("bench run --out /tmp/b --media /work/shared/media", "bench run --out b --media media"),
        ("--weights action=/models/timesformer/", "--weights action=timesformer"),
        ("DISTS: /home/me/models has no vgg16.pth", "DISTS: models has no vgg16.pth"),
        ('File "/root/x/worker.py", line 3', 'File "worker.py", line 3'),
        ("--media ../shared/media", "--media ../shared/media"),
        ("16QAM 658/1024, frames/s, a / b", "16QAM 658/1024, frames/s, a / b"),
        ("http://127.0.0.1:8081/v1/videos", "http://127.0.0.1:8081/v1/videos"),
    ],
)  # fmt: skip
def test_of_an_absolute_path_only_the_name_is_kept(said: str, kept: str) -> None:
    assert machine_free(said) == kept


def test_values_of_any_depth_are_cleaned_and_the_rest_is_left_alone() -> None:
    assert machine_free({"a": ["/tmp/x", 1.5, None], "b": {"c": True}}) == {
        "a": ["x", 1.5, None],
        "b": {"c": True},
    }


def test_the_command_of_a_measurement_names_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    import evaluation.provenance as module

    monkeypatch.setattr(
        sys, "argv", [module.__file__, "--media", "/work/shared/media", "--out", "/tmp/a.json"]
    )
    assert provenance(())["command"] == "python -m evaluation.provenance --media media --out a.json"
