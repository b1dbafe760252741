from __future__ import annotations

import sys
from pathlib import Path

import pytest

from receiver.decoders import auto, make_decoder
from receiver.decoders.embedded import EmbeddedDecoder
from receiver.decoders.options import DecoderOptions
from receiver.decoders.rife import RifeDecoder
from receiver.executor import make_executed_decoder
from semvid.errors import InvalidInput
from semvid.rife.checkpoint import read_checkpoint
from semvid.rife.graph import rife_model
from semvid.rife.weights import kept_model
from tests.models.tiny_rife import tiny_checkpoint

CPU = DecoderOptions(device="cpu", threads=1)


@pytest.fixture
def _no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def _weights(_no_weights: None) -> None:
    kept_model().parent.mkdir(parents=True)
    kept_model().write_bytes(rife_model(read_checkpoint(tiny_checkpoint())))


@pytest.mark.usefixtures("_no_weights")
def test_without_weights_it_is_the_embedded_decoder() -> None:
    assert make_decoder("auto", CPU).profile.name == "embedded"


@pytest.mark.usefixtures("_weights")
def test_without_onnx_runtime_it_is_the_embedded_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert make_decoder("auto", CPU).profile.name == "embedded"


@pytest.mark.usefixtures("_weights")
def test_with_weights_it_is_rife_where_that_keeps_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = 23.9
    monkeypatch.setattr(auto, "frames_per_second", lambda decoder: pace)
    assert isinstance(make_decoder("auto", CPU), EmbeddedDecoder)
    assert isinstance(make_decoder("auto:24", CPU), EmbeddedDecoder)
    assert isinstance(make_decoder("auto:23.5", CPU), RifeDecoder)
    pace = 24.0
    assert make_decoder("auto", CPU).profile.name == "rife"


@pytest.mark.usefixtures("_weights")
def test_the_pace_is_measured() -> None:
    assert isinstance(make_decoder("auto:0.001", CPU), RifeDecoder)
    assert isinstance(make_decoder("auto:100000", CPU), EmbeddedDecoder)


def test_the_fastest_frame_behind_the_first_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.5, 10.75, 11.5])
    monkeypatch.setattr(auto.time, "perf_counter", lambda: next(clock))
    assert auto.frames_per_second(EmbeddedDecoder()) == 4.0


@pytest.mark.parametrize("argument", ["fast", "0", "-1", "nan", "inf"])
def test_what_is_no_pace_is_refused(argument: str) -> None:
    with pytest.raises(InvalidInput, match=r"decoder auto: .* is no pace"):
        make_decoder(f"auto:{argument}")


def test_ray_is_told_a_name() -> None:
    with pytest.raises(InvalidInput, match="executor ray: decoder auto would be chosen anew"):
        make_executed_decoder("auto", CPU, "ray")
