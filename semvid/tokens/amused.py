"""aMUSEd (arXiv 2401.01808) and what has its classes: a VQ-GAN, and a transformer that draws masked tokens.

The parts are those of diffusers' `AmusedPipeline`: `VQModel`, `UVit2DModel`, `AmusedScheduler` and the text
encoder of CLIP. The transformer knows places by its convolutions alone, so grids may have any shape.
"""

from __future__ import annotations

import hashlib
import math
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent
from semvid.images.types import Picture
from semvid.mllm.hf.door import place_of
from semvid.mllm.hf.failures import EXTRA, explaining
from semvid.tokens.grid_bits import size_of
from semvid.tokens.model import MAX_GRID_BYTES, Grid

EXAMPLES: Final = "hf:amused/amused-256, hf:amused/amused-512"

# As in the published pipelines.
_STEPS: Final = 12
_GUIDANCE: Final = 10.0
_TEMPERATURE: Final = (2, 0)  # of the draw, from the first step to the last
_AESTHETIC_SCORE: Final = 6

_CLASS: Final = "AmusedPipeline"
_PACKAGES: Final = ("torch", "diffusers", "transformers", "accelerate")

_log = structlog.get_logger(__name__)


def check(name: str, device: str) -> None:
    """Looks at the index of the checkpoint ``name``, on disk or at the model hub.

    Raises:
        MissingComponent: a package is not installed, or the GPU is not there.
        InvalidInput: no such checkpoint, or one of another class.
    """
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if missing:
        raise MissingComponent(f"hf:{name}: {', '.join(missing)} is not installed; run: {EXTRA}")
    import torch
    from diffusers import DiffusionPipeline

    if device.startswith("cuda") and int(device.partition(":")[2] or 0) >= torch.cuda.device_count():
        raise MissingComponent(
            f"the device of tokens is {device}, but PyTorch sees {torch.cuda.device_count()} GPUs here; "
            "install the NVIDIA driver and a CUDA build of torch (pip install torch), or set it to cpu"
        )
    folder = Path(name).expanduser()
    if not folder.is_dir() and (name.startswith(("/", ".", "~")) or name.count("/") > 1):
        raise InvalidInput(f"hf:{name}: there is no such folder on this machine; give a folder or OWNER/NAME")
    with explaining(name):
        found = DiffusionPipeline.load_config(place_of(name)).get("_class_name")
    if found != _CLASS:
        raise InvalidInput(f"hf:{name} is a {found}, and tokens need an {_CLASS}, for example {EXAMPLES}")


class AmusedTokens:
    """A checkpoint of `AmusedPipeline`; see `semvid.tokens.model.TokenModel`.

    All is computed in float32: of the same weights both ends have the same digest, however these are stored.

    Args:
        name: id on the hub, or path of a folder.
        device: cpu or cuda[:N].
        fills: `fill` will be called; otherwise the transformer and the text encoder are not loaded.

    Raises:
        SemvidError: as `check`; LimitExceeded where disk or memory do not suffice; InvalidInput where files
            are damaged or missing, or the grid is too large.
    """

    def __init__(self, name: str, device: str, fills: bool) -> None:
        check(name, device)
        self.name, self._place, self._lock = f"hf:{name}", name, threading.Lock()
        with explaining(name):
            self._load(place_of(name), device, fills)
        self.digest = _digest_of(self._vq)
        _log.info("token model loaded", model=self.name, digest=self.digest, device=device, fills=fills)

    def _load(self, place: str, device: str, fills: bool) -> None:
        import torch
        from diffusers import AmusedPipeline, UVit2DModel, VQModel
        from diffusers.utils.logging import disable_progress_bar

        disable_progress_bar()  # a service's log is no terminal
        self._device = torch.device(device)
        self._pipeline: Any = None
        if fills:
            self._pipeline = AmusedPipeline.from_pretrained(place, dtype=torch.float32).to(self._device)
            self._vq = self._pipeline.vqvae
        else:
            self._vq = VQModel.from_pretrained(place, subfolder="vqvae", dtype=torch.float32).to(self._device)
        shape = UVit2DModel.load_config(place, subfolder="transformer")
        self._most = int(shape["sample_size"]) ** 2
        self._step = 2 if shape.get("downsample") else 1
        self.side = 2 ** (len(self._vq.config.block_out_channels) - 1)
        self.codebook = int(self._vq.config.num_vq_embeddings)
        if self.codebook < 2 or size_of(self._most, self.codebook) > MAX_GRID_BYTES:
            raise InvalidInput(
                f"{self.name} makes {self._most} tokens a picture, of a codebook of {self.codebook}; at most "
                f"{MAX_GRID_BYTES} bytes of tokens can be sent; take another, for example {EXAMPLES}"
            )
        if shape["codebook_size"] != self.codebook or not self._vq.config.lookup_from_codebook:
            raise InvalidInput(
                f"{self.name}: its parts do not belong together; take another, such as {EXAMPLES}"
            )

    def grid_of(self, width: int, height: int) -> tuple[int, int]:
        """See `TokenModel`."""
        step, aspect = self._step, width / height
        rows = step * min(max(1, round(math.sqrt(self._most / aspect) / step)), self._most // step**2)
        columns = step * max(1, min(round(rows * aspect / step), self._most // rows // step))
        return rows, columns

    def encode(self, picture: Picture) -> Grid:
        """See `TokenModel`."""
        import torch

        rows, columns = (side // self.side for side in picture.shape[:2])
        with self._lock, torch.inference_mode(), explaining(self._place):
            planes = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)[None])).to(self._device)
            latents = self._vq.encode(planes.float() / 255).latents
            tokens = self._vq.quantize(latents)[2][2]
            return np.asarray(tokens.reshape(rows, columns).cpu().numpy(), np.int64)

    def decode(self, grid: Grid) -> Picture:
        """See `TokenModel`."""
        import torch

        with self._lock, torch.inference_mode(), explaining(self._place):
            shape = (1, *grid.shape, self._vq.quantize.embedding.weight.shape[1])
            tokens = torch.from_numpy(grid[None]).to(self._device)
            planes = self._vq.decode(tokens, force_not_quantize=True, shape=shape).sample[0].clip(0, 1)
            levels = (255 * planes).round().to(torch.uint8).permute(1, 2, 0)
            return np.ascontiguousarray(levels.cpu().numpy())

    def fill(self, grid: Grid, known: NDArray[np.bool_], caption: str, seed: int) -> Grid:
        """See `TokenModel`; raises InvalidInput where it was loaded without what fills."""
        import torch

        if self._pipeline is None:
            raise InvalidInput(f"{self.name} was loaded to code pictures, and is asked to draw tokens")
        if known.all():
            return grid
        with self._lock, torch.inference_mode(), explaining(self._place):
            mask = self._pipeline.scheduler.config.mask_token_id
            tokens = torch.from_numpy(np.where(known, grid, mask)[None]).to(self._device)
            return np.asarray(self._drawn(tokens, caption, seed)[0].cpu().numpy(), np.int64)

    def _drawn(self, tokens: Any, caption: str, seed: int) -> Any:
        """Tokens, int64 [1, rows, columns], with those that are masked drawn, the surest first."""
        import torch

        parts, texts = self._pipeline, ["", caption] if caption else [""]
        words = parts.tokenizer(
            texts,
            padding="max_length",
            truncation=True,
            max_length=parts.tokenizer.model_max_length,
            return_tensors="pt",
        ).input_ids.to(self._device)
        said = parts.text_encoder(words, return_dict=True, output_hidden_states=True)
        rows, columns = tokens.shape[1:]
        size_and_crop = [columns * self.side, rows * self.side, 0, 0, _AESTHETIC_SCORE]
        conditions = torch.tensor([size_and_crop], dtype=torch.float32, device=self._device)
        scheduler = type(parts.scheduler).from_config(parts.scheduler.config)
        scheduler.set_timesteps(_STEPS, _TEMPERATURE, self._device)
        generator = torch.Generator().manual_seed(seed)
        masked = (tokens == scheduler.config.mask_token_id).float().mean()
        for step in scheduler.timesteps:
            logits = parts.transformer(
                tokens.expand(len(texts), -1, -1),
                micro_conds=conditions.expand(len(texts), -1),
                pooled_text_emb=said.text_embeds,
                encoder_hidden_states=said.hidden_states[-2],
            )
            if caption:
                without, with_caption = logits.chunk(2)
                logits = without + _GUIDANCE * (with_caption - without)
            drawn = scheduler.step(logits, step, tokens, starting_mask_ratio=masked, generator=generator)
            tokens = drawn.prev_sample
        return tokens


def _digest_of(network: Any) -> str:
    """The first 16 hex digits of the SHA-256 of its weights as float32, by name."""
    digest = hashlib.sha256()
    for name, values in sorted(network.state_dict().items()):
        digest.update(f"{name} {tuple(values.shape)}".encode())
        digest.update(values.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
