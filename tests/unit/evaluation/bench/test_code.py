"""The key of a cell covers the source that the cell runs, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation.bench import code
from evaluation.bench.sweep import _code_of
from evaluation.judges import JUDGES
from evaluation.methods import METHODS


def files_of(method: str, *judges: str) -> set[str]:
    """What the digest of a cell covers, by their places in the tree."""
    covered: set[Path] = set()
    original = code.files

    def spy(modules: Iterator[str]) -> set[Path]:
        found = original(modules)
        covered.update(found)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code, "files", spy)
        code.digest([METHODS[method], *(JUDGES[name] for name in judges)], code.ALWAYS)
    return {path.relative_to(code.ROOT).as_posix() for path in covered}


def test_semvid_depends_on_the_whole_way_of_a_video() -> None:
    files = files_of("semvid", "psnr_db")
    assert {
        "transmitter/encoder.py", "semvid/mllm/embedded/coefficients.json", "semvid/phy/block.py",
        "semvid/phy/mcs_thresholds.json", "channel/noise.py", "receiver/assembly.py",
        "evaluation/in_process.py", "evaluation/methods/semantic.py", "evaluation/clips.py",
        "evaluation/judges/pictures.py", "evaluation/bench/panel.py", "semvid/images/fidelity.py",
    } <= files  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_no_method_depends_on_console_report_studies_or_clients(method: str) -> None:
    strangers = (
        "console/",
        "evaluation/bench/report/",
        "evaluation/bench/sweep",
        "evaluation/studies/",
        "semvid/client",
    )
    assert not [name for name in files_of(method, *JUDGES) if name.startswith(strangers)]


def test_a_cell_depends_on_its_own_method_and_judges_only() -> None:
    av1 = files_of("av1", "psnr_db")
    assert "evaluation/methods/video_code.py" in av1
    assert not av1 & {"evaluation/methods/semantic.py", "evaluation/judges/depth.py", "receiver/assembly.py"}
    assert "evaluation/judges/depth.py" in files_of("av1", "psnr_db", "depth")


@pytest.mark.parametrize(
    ("touched", "changes"),
    [
        ("semvid/phy/qam.py", True),
        ("semvid/psss.py", True),
        ("semvid/mllm/embedded/coefficients.json", True),
        ("console/cli.py", False),
        ("evaluation/bench/report/plots.py", False),
        ("evaluation/judges/depth.py", False),
    ],
)
def test_touching_a_file_changes_the_digest_of_those_who_run_it(
    monkeypatch: pytest.MonkeyPatch, touched: str, changes: bool
) -> None:
    def digest() -> str:
        return code.digest([METHODS["semvid"], JUDGES["psnr_db"]], code.ALWAYS)

    before = digest()
    read = Path.read_bytes
    path = code.ROOT / touched
    assert path.is_file()
    monkeypatch.setattr(Path, "read_bytes", lambda self: read(self) + b" " * (self == path))
    assert (digest() != before) is changes


def test_options_of_a_method_count_although_its_source_is_shared() -> None:
    semvid, without = (code.digest([METHODS[name]]) for name in ("semvid", "semvid-no-psss"))
    assert semvid != without
    assert code.digest([METHODS["h264"]]) != code.digest([METHODS["h265"]])


def test_a_method_of_ones_own_counts_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_one.py").write_text("import evaluation.link\nclass A: name = 'a'\n")
    (tmp_path / "own_two.py").write_text("import evaluation.link\nclass A: name = 'b'\n")
    one, two = (_code_of(f"own_{number}:A", ()) for number in ("one", "two"))
    assert one != two
