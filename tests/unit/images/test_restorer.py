"""A restorer's file is checked before it is run; a handmade one shows what goes in and comes out."""

from __future__ import annotations

import builtins
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput, MissingComponent
from semvid.images import onnx_model
from semvid.images import restorer as module
from semvid.images.detail import grain_pattern, with_detail
from semvid.images.finishing import finished
from semvid.images.onnx_model import digest_of
from semvid.images.resize import at_size
from semvid.images.restorer import Coding, Restorer
from semvid.images.types import Picture
from semvid.semantics import StreamHeader
from tests.models.tiny_restorer import tiny_restorer

CODING = Coding(quantiser=255, size=0.25, layer=4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "handmade.onnx"
    path.write_bytes(tiny_restorer())
    return path


def flat(height: int, width: int) -> Picture:
    return np.full((height, width, 3), 100, np.uint8)


@pytest.mark.parametrize("size", [(16, 24), (13, 21), (1, 1), (600, 9)])
def test_the_network_is_given_picture_conditions_and_grain(model: Path, size: tuple[int, int]) -> None:
    made = Restorer(model).restore(flat(*size), CODING)
    wanted = 101 + 10 * grain_pattern(*size)
    assert made.shape == (*size, 3)
    assert np.abs(made - wanted[..., None]).max() <= 0.51


def test_what_is_black_and_white_stays_so(model: Path) -> None:
    tinting = Coding(quantiser=255, size=0.25, layer=0)  # the handmade one adds these to red, green and blue
    grey, coloured = flat(16, 24), flat(16, 24)
    coloured[..., 2] += 3
    made, tinted = (Restorer(model).restore(picture, tinting) for picture in (grey, coloured))
    assert np.ptp(made, axis=2).max() == 0
    assert np.ptp(made[..., 0]) > 0  # grain it gets
    assert np.ptp(tinted, axis=2).max() > 0


@given(st.integers(0, 255), st.integers(1, 4), st.integers(0, 4))
def test_conditions_lie_between_0_and_1(quantiser: int, divisor: int, layer: int) -> None:
    shown = (240, 120)
    coding = Coding.of(quantiser, (shown[0] // divisor, shown[1] // divisor), shown, layer)
    assert coding.size == pytest.approx(1 / divisor)
    conditions = coding.conditions()
    assert conditions.dtype == np.float32
    assert ((conditions >= 0) & (conditions <= 1)).all()
    assert np.array_equal(conditions == 0, [quantiser == 0, divisor == 1, layer == 0])


def test_the_sender_decides_what_is_put_back(model: Path) -> None:
    header = StreamHeader(48, 32, 24, 16, Fraction(1, 24), Fraction(24))
    coded = np.random.default_rng(0).integers(0, 256, (16, 24, 3)).astype(np.uint8)
    large, restorer = at_size(coded, (48, 32)), Restorer(model)
    detailed, restored, half = (replace(header, **asked) for asked in (
        {"detail": 5}, {"restoration": 7}, {"restoration": 3}
    ))  # fmt: skip
    for there in (None, restorer):
        assert np.array_equal(finished(coded, header, CODING, there), large)
        assert np.array_equal(finished(coded, detailed, CODING, there), with_detail(large, 5))
    assert np.array_equal(finished(coded, restored, CODING, restorer), restorer.restore(large, CODING))
    between = (4.0 * large + 3.0 * restorer.restore(large, CODING)) / 7
    assert np.abs(finished(coded, half, CODING, restorer) - between).max() <= 0.51
    assert np.array_equal(finished(coded, restored, CODING, None), large)


def test_settings_name_the_shipped_one_none_or_a_file(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHIPPED", model)
    monkeypatch.setattr(module, "shipped", module.shipped.__wrapped__)
    digest = digest_of(model.read_bytes())
    assert len(digest) == 16
    assert module.named("none") is None
    for restorer in (module.named("auto"), module.named(str(model))):
        assert restorer is not None
        assert restorer.digest == digest


def test_other_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingComponent, match="semvid train restorer"):
        Restorer(tmp_path / "missing.onnx")
    text = tmp_path / "text.onnx"
    text.write_text("no network")
    with pytest.raises(InvalidInput, match="does not take"):
        Restorer(text)
    (tmp_path / "other.onnx").write_bytes(tiny_restorer("other"))
    with pytest.raises(InvalidInput, match="into other, which is no restorer"):
        Restorer(tmp_path / "other.onnx")
    monkeypatch.setattr(onnx_model, "MAX_BYTES", 5)
    with pytest.raises(InvalidInput, match="more than 5 bytes"):
        Restorer(text)


def test_without_onnx_runtime_it_says_what_to_install(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refusing(name: str, *rest: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(MissingComponent, match="pip install onnxruntime"):
        Restorer(model)
