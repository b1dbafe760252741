from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console import cli
from receiver.decoders import make_decoder
from receiver.decoders.options import DecoderOptions
from semvid.rife import weights
from tests.models.tiny_rife import tiny_checkpoint


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_what_is_fetched_is_kept_where_the_decoder_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = tiny_checkpoint()
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(content).hexdigest())
    (tmp_path / "flownet.pkl").write_bytes(content)
    done = CliRunner().invoke(cli.app, ["models", "get", "rife", "--from", str(tmp_path / "flownet.pkl")])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(weights.kept_model())
    assert "licence MIT" in done.stderr
    assert make_decoder("rife", DecoderOptions(device="cpu", threads=1)).profile.name == "rife"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["rifle"], "no model 'rifle'; choose rife"), (["rife", "--from", __file__], "have SHA-256")],
)
def test_a_wrong_name_or_file_ends_with_2_and_one_sentence(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["semvid", "models", "get", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert told in " ".join(capsys.readouterr().err.split())
