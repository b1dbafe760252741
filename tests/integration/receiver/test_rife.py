"""The receiver as a process that draws with RIFE; with real weights, what they are worth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluation.clips import Clip, load
from evaluation.judges.lpips import Lpips
from evaluation.studies.decoders import measure
from receiver.decoders import make_decoder
from receiver.decoders.options import DecoderOptions
from semvid.errors import LinkFailed
from semvid.rife.checkpoint import read_checkpoint
from semvid.rife.graph import rife_model
from semvid.rife.weights import get_weights, kept_model
from semvid.service.files import write_atomically
from tests.conftest import not_run
from tests.models.tiny_rife import tiny_checkpoint

CPU = {"decoder_device": "cpu", "decoder_threads": "1"}


@pytest.fixture
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("_cache")
@pytest.mark.parametrize(
    ("setting", "taken"),
    [
        pytest.param("rife", "rife", marks=pytest.mark.slow),  # often: chosen by its pace, as below
        ("auto:0.001", "rife"),
        ("auto:1e6", "embedded"),
    ],
)
def test_the_sender_is_told_which_decoder_it_is(
    start_receiver: Any, clip: Any, setting: str, taken: str
) -> None:
    write_atomically(kept_model(), rife_model(read_checkpoint(tiny_checkpoint())))
    receiver = start_receiver(decoder=setting, **CPU)
    call = receiver.open()
    assert call.accepted.profile.name == taken
    assert call.accepted.profile.closed_loop
    call.send_all(clip.bursts)
    call.finish()
    video = receiver.final(call.id)
    assert (video["state"], video["frames_written"], video["decoder"]) == ("SUCCEEDED", 25, taken)
    assert video["segments"] == {"received": 4, "regenerated": 3, "concealed": 0}


@pytest.mark.slow
@pytest.mark.usefixtures("_cache")
def test_with_its_real_weights_it_draws_a_face_better_than_the_embedded_decoder(
    tmp_path: Path, judges: Path, real_clip: Callable[[str], dict[str, Any]]
) -> None:
    try:
        get_weights()
    except LinkFailed as error:
        not_run("the weights of RIFE", str(error))
    whole = load(real_clip("talking_head_foreman_cif")["path"], tmp_path, seconds=1.5)
    clip = Clip(whole.path, whole.source, whole.pictures[:41])
    lpips, options = Lpips(judges / "lpips_squeeze.onnx"), DecoderOptions(device="cpu")
    rife, embedded = (
        measure("foreman", clip, make_decoder(name, options), 8, None, lpips) for name in ("rife", "embedded")
    )
    assert rife.lpips < 0.95 * embedded.lpips
    assert rife.psnr > embedded.psnr
