"""A tiny random checkpoint of the real classes of aMUSEd: VQModel, UVit2DModel, CLIP's text encoder."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

SIDE = 8  # pixels of a token; 16 in the published checkpoints


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tiny-tokens-")


@functools.cache
def checkpoint(codebook: int = 64, sample: int = 8, downsample: bool = False, seed: int = 0) -> Path:
    """The folder of a pipeline; made once per process, of the same weights each time.

    Args:
        codebook: tokens that there are.
        sample: rows and columns that it was made for.
        downsample: inside the transformer, as in the larger of the published ones.
        seed: of the weights.
    """
    import torch

    folder = Path(_folder().name) / f"{codebook}-{sample}-{downsample}-{seed}"  # outlives this function
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        _pipeline(codebook, sample, downsample, folder).save_pretrained(folder)
    return folder


def _pipeline(codebook: int, sample: int, downsample: bool, folder: Path) -> Any:
    import torch
    from diffusers import AmusedPipeline, AmusedScheduler, UVit2DModel, VQModel
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    levels = SIDE.bit_length()
    vq = VQModel(
        down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(8,) * levels, layers_per_block=1, latent_channels=8, vq_embed_dim=8,
        norm_num_groups=4, num_vq_embeddings=codebook, mid_block_add_attention=False,
        lookup_from_codebook=True,
    )  # fmt: skip
    torch.nn.init.normal_(vq.quantize.embedding.weight)  # as made, all tokens are nearly the same
    transformer = UVit2DModel(
        hidden_size=16, cond_embed_dim=16, micro_cond_encode_dim=4, micro_cond_embed_dim=20,
        encoder_hidden_size=16, vocab_size=codebook + 64, codebook_size=codebook, in_channels=16,
        block_out_channels=16, num_res_blocks=1, block_num_heads=2, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=16, sample_size=sample, downsample=downsample,
        upsample=downsample,
    )  # fmt: skip
    tokenizer = _tokenizer(folder)
    words = CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, projection_dim=16,
            num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=77, eos_token_id=1,
            bos_token_id=0, pad_token_id=1,
        )
    )  # fmt: skip
    scheduler = AmusedScheduler(mask_token_id=codebook + 63)
    return AmusedPipeline(vq, tokenizer, words, transformer, scheduler)


def _tokenizer(folder: Path) -> Any:
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(33, 127)]
    pieces = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)
