from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from semvid.errors import InvalidInput
from semvid.mllm.prompts import PROMPTS, Prompt, load_prompts
from semvid.options import Focus
from transmitter.app import create_app
from transmitter.settings import TransmitterSettings


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = PROMPTS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_ours_is_whole_and_names_its_version() -> None:
    prompts = load_prompts()
    assert prompts.version
    assert set(prompts.focus) == set(Focus)
    assert len(set(prompts.focus.values())) == 3


def test_a_file_of_ones_own_is_named_in_the_version(tmp_path: Path) -> None:
    prompts = load_prompts(changed(tmp_path, "Do not judge.", "Be brief."))
    assert prompts.version == f"{load_prompts().version} (mine.toml)"
    assert "Be brief." in prompts.described_describe.text


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[caption]", "[captoin]", "unknown entry captoin"),
        ("main_object =", "main_objects =", "unknown entry focus.main_objects"),
        ("{descriptions}", "{description}", "described.question must have {descriptions}, {focus}"),
        ("{frames}", "{frames} {frames}", "{frames} 2 times"),
        ('version = "2"', "", "no version"),
        ("[direct]", "[direct", "no TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_prompts(changed(tmp_path, old, new))
    assert complaint in str(refused.value)
    assert "mine.toml" in str(refused.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_prompts(Path("/nowhere/prompts.toml"))


def test_a_prompt_is_filled_in_reading_order() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    message = Prompt("A {first} B {focus} C{second}").filled(
        first=picture, focus="{first}", second=[picture] * 2
    )
    assert [part if isinstance(part, str) else "picture" for part in message] == [
        "A ", "picture", " B {first} C", "picture", "picture",
    ]  # fmt: skip


def test_a_wrong_file_stops_the_service_at_its_start(tmp_path: Path) -> None:
    path = changed(tmp_path, "{frames}", "frames")
    settings = TransmitterSettings(data_dir=tmp_path, mllm_prompts=path)
    with pytest.raises(InvalidInput, match=r"caption.request must have \{frames\} once"):
        create_app(settings)
