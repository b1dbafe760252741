"""Whatever cannot work is refused when the service starts, in one sentence with the remedy."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from receiver.decoders import make_decoder
from receiver.decoders.hf import checkpoint as checkpoint_module
from receiver.decoders.options import DecoderOptions
from semvid.errors import InvalidInput, LimitExceeded, MissingComponent, SemvidError
from tests.models.tiny_video import checkpoint

pytestmark = pytest.mark.tiny_models


def folder_with(path: Path, index: dict[str, Any], **configs: dict[str, Any]) -> str:
    """A checkpoint without weights: they must not even be looked for."""
    path.mkdir()
    (path / "model_index.json").write_text(json.dumps(index))
    for part, config in configs.items():
        (path / part).mkdir()
        (path / part / "config.json").write_text(json.dumps(config))
    return f"hf:{path}"


@pytest.mark.parametrize(
    "name", ["FluxPipeline", "StableDiffusionXLPipeline", "CogVideoXImageToVideoPipeline"]
)
def test_a_pipeline_that_cannot_take_two_ends(name: str, tmp_path: Path) -> None:
    decoder = folder_with(tmp_path / "model", {"_class_name": name})
    with pytest.raises(InvalidInput, match=f"is a {name}, which cannot make a video between two") as refused:
        make_decoder(decoder)
    for other in (
        "LTXConditionPipeline",
        "WanImageToVideoPipeline",
        "WanVACEPipeline",
        "LTX2Condition",
        "SkyR",
    ):
        assert other in str(refused.value)


def test_wan_checkpoints_that_ignore_the_end(tmp_path: Path) -> None:
    index = {"_class_name": "WanImageToVideoPipeline", "expand_timesteps": True}
    with pytest.raises(InvalidInput, match="ignores the end keyframe; take Wan-AI"):
        make_decoder(folder_with(tmp_path / "ti2v", index))
    index = {"_class_name": "WanImageToVideoPipeline", "image_encoder": ["transformers", "CLIPVisionModel"]}
    decoder = folder_with(tmp_path / "i2v", index, transformer={"pos_embed_seq_len": None})
    with pytest.raises(InvalidInput, match="first frame only; take Wan-AI"):
        make_decoder(decoder)


def test_what_is_no_pipeline(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "qwen3_vl"}')
    with pytest.raises(InvalidInput, match=r"no model_index\.json, so it is no diffusers pipeline"):
        make_decoder(f"hf:{tmp_path}")
    with pytest.raises(InvalidInput, match="there is no folder /not/here"):
        make_decoder("hf:/not/here")
    (tmp_path / "model_index.json").write_text("{")
    with pytest.raises(InvalidInput, match="is damaged"):
        make_decoder(f"hf:{tmp_path}")


def test_damaged_weights(tmp_path: Path) -> None:
    shutil.copytree(checkpoint("ltx"), tmp_path / "ltx")
    (weights,) = (tmp_path / "ltx/transformer").glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InvalidInput, match="ltx cannot be loaded: "):
        make_decoder(f"hf:{tmp_path / 'ltx'}")


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    find = checkpoint_module.find_spec
    monkeypatch.setattr(checkpoint_module, "find_spec", lambda name: None if name == "ftfy" else find(name))
    with pytest.raises(
        MissingComponent, match=r'needs ftfy; install them with: pip install "semvid\[models\]"'
    ):
        make_decoder(f"hf:{checkpoint('ltx')}")


def test_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    decoder = f"hf:{checkpoint('ltx')}"
    with pytest.raises(InvalidInput, match=r"device cuda was asked for .* sees 0 GPUs; .*DEVICE=cpu"):
        make_decoder(decoder, DecoderOptions(device="cuda"))
    with pytest.raises(InvalidInput, match="no device 'gpu'; take auto, cuda"):
        make_decoder(decoder, DecoderOptions(device="gpu"))
    with pytest.raises(InvalidInput, match=r"this runs on the CPU; unset .*_OFFLOAD and .*_CARD"):
        make_decoder(decoder, DecoderOptions(device="cpu", card="24gb"))


def test_options_that_the_model_cannot_follow() -> None:
    decoder = f"hf:{checkpoint('ltx')}"
    with pytest.raises(InvalidInput, match=r"8k\+1 frames, at least 9"):
        make_decoder(decoder, DecoderOptions(frames=7))
    with pytest.raises(InvalidInput, match="attention backend 'telepathy' cannot be used"):
        make_decoder(decoder, DecoderOptions(attention="telepathy"))


@pytest.mark.parametrize(
    ("error", "kind", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), MissingComponent, "no space left .* HF_HOME"),
        (RuntimeError("IO error: No space left on device (os error 28)"), MissingComponent, "HF_HOME"),
        ("out of memory", LimitExceeded, "memory does not suffice; set SEMVID_RECEIVER_DECODER_CARD=24gb"),
    ],
)
def test_what_goes_wrong_while_loading(
    error: Any, kind: type[SemvidError], remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from diffusers import LTXConditionPipeline

    def fail(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError(error) if isinstance(error, str) else error

    monkeypatch.setattr(LTXConditionPipeline, "from_pretrained", fail)
    with pytest.raises(kind, match=remedy):
        make_decoder(f"hf:{checkpoint('ltx')}")


def test_a_gpu_that_is_too_small_while_running(
    tiny_decoder: Any, generate: Any, pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    decoder = tiny_decoder("ltx")

    def fail(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(decoder._family._pipeline.transformer, "forward", fail)
    with pytest.raises(LimitExceeded, match=r"QUANTISATION=int8 and fewer .*PIXELS, or take a smaller model"):
        generate(decoder, *pictures[:2], 3)
    monkeypatch.undo()
    assert len(generate(decoder, *pictures[:2], 3)) == 3


class Hub(BaseHTTPRequestHandler):
    """Answers as the hub does for models that cannot be had."""

    def do_HEAD(self) -> None:
        status, code = {
            "/gated/model": (403, "GatedRepo"),
            "/wrong/model": (404, "RepoNotFound"),
            "/empty/model": (404, "EntryNotFound"),
        }[self.path.partition("/resolve/")[0]]
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_what_the_hub_does_not_give(hub: str, tmp_path: Path) -> None:
    """In a process of its own: where the hub is, its client asks once."""
    script = (
        "import sys\nfrom receiver.decoders import make_decoder\n"
        "for model in sys.argv[1:]:\n"
        "    try: make_decoder(f'hf:{model}')\n"
        "    except Exception as error: print(type(error).__name__, error)\n"
    )
    models = ["gated/model", "wrong/model", "empty/model", "not a model", "a/b/c"]
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path)}

    def answers(*models: str, **more: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", script, *models],
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    gated, wrong, empty, odd, deep = answers(*models)
    assert gated.startswith("MissingComponent gated/model is gated: accept its licence at https://hugging")
    assert wrong.startswith("InvalidInput the hub knows no model 'wrong/model' that you may see; check")
    assert empty.startswith("InvalidInput empty/model has no model_index.json")
    assert odd.startswith("InvalidInput the hub knows no model 'not a model'")
    assert deep == "InvalidInput there is no folder a/b/c"
    (offline,) = answers("wrong/model", HF_HUB_OFFLINE="1")
    assert offline.startswith("MissingComponent wrong/model is not in the cache")
    assert "hf download wrong/model" in offline
