"""Models of the real classes at their real size, with random weights: good for measuring speed and memory.

Tokenizers and the tiny models of a dry run are those of ``tests/models``, so this needs a checkout.
"""

import importlib
import tempfile
from pathlib import Path
from typing import Any

from receiver.decoders.hf.clip import Sampling
from receiver.decoders.hf.ltx import LtxCondition
from semvid.mllm.hf.model import HfModel
from semvid.mllm.hf.processor import load_processor
from semvid.mllm.settings import MllmSettings

# Qwen/Qwen3-VL-4B-Instruct, config.json
_QWEN_TEXT = {
    "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936, "max_position_embeddings": 262_144,
    "rope_parameters": {
        "rope_type": "default", "rope_theta": 5e6, "mrope_section": [24, 20, 20], "mrope_interleaved": True,
    },
    "tie_word_embeddings": True,
}  # fmt: skip
_QWEN_VISION = {
    "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16, "patch_size": 16,
    "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": 2560,
    "num_position_embeddings": 2304, "deepstack_visual_indexes": [5, 11, 17],
}  # fmt: skip
# google/t5-v1_1-xxl, the text encoder of LTX-Video
_T5_XXL = {
    "vocab_size": 32_128, "d_model": 4096, "d_kv": 64, "d_ff": 10_240, "num_layers": 24, "num_heads": 64,
    "feed_forward_proj": "gated-gelu",
}  # fmt: skip


def multimodal_model(device: str, settings: MllmSettings, tiny: bool) -> tuple[HfModel, dict[str, Any]]:
    """A model of Qwen3-VL-4B's size, or a tiny one of its class, behind the transmitter's own backend.

    Returns:
        The model, and what there is to say about it.
    """
    import torch

    builders: Any = importlib.import_module("tests.models.tiny_mllm")
    with tempfile.TemporaryDirectory(prefix="semvid-random-") as name:
        folder = Path(name)
        builders.build("qwen3_vl", folder)  # tokenizer, processor; weights too, but tiny ones
        from transformers import AutoConfig, AutoModelForImageTextToText

        config = AutoConfig.from_pretrained(folder)
        if not tiny:
            special = {key: config.to_dict()[key] for key in config.to_dict() if key.endswith("_token_id")}
            named = {
                key: getattr(config.text_config, key)
                for key in ("pad_token_id", "bos_token_id", "eos_token_id")
            }
            config = type(config)(
                text_config={**_QWEN_TEXT, **named},
                vision_config=_QWEN_VISION,
                tie_word_embeddings=True,
                **special,
            )
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
        with torch.device(device):
            model = AutoModelForImageTextToText.from_config(config, dtype=dtype).eval()
        loaded = HfModel("random", model, load_processor(str(folder)), settings)
    return loaded, _about(model, "Qwen3-VL-4B" if not tiny else "tiny Qwen3-VL", dtype)


def video_pipeline(device: str, distilled: bool, tiny: bool) -> tuple[LtxCondition, dict[str, Any]]:
    """A pipeline of LTX-Video 2B's size, or a tiny one of its class, behind the receiver's own family.

    Args:
        device: of all its parts.
        distilled: sampled as the distilled checkpoints are (8 steps, no guidance), else 30 steps with it.
        tiny: for a dry run.
    """
    import torch

    builders: Any = importlib.import_module("tests.models.tiny_video")
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    pipeline = builders.BUILDERS["ltx"]()
    if not tiny:
        import diffusers
        from transformers import T5Config, T5EncoderModel

        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            with torch.device(device):
                pipeline = diffusers.LTXConditionPipeline(
                    scheduler=pipeline.scheduler,
                    vae=diffusers.AutoencoderKLLTXVideo(),
                    text_encoder=T5EncoderModel(T5Config(**_T5_XXL)).eval(),
                    tokenizer=pipeline.tokenizer,
                    transformer=diffusers.LTXVideoTransformer3DModel(),  # by default the 2B model's size
                )
        finally:
            torch.set_default_dtype(before)
    pipeline.to(device, dtype)
    pipeline.set_progress_bar_config(disable=True)
    about = _about(pipeline.transformer, "LTX-Video 2B" if not tiny else "tiny LTX-Video", dtype)
    return LtxCondition(pipeline, Sampling(distilled=distilled)), about


def _about(model: Any, size_of: str, dtype: Any) -> dict[str, Any]:
    return {
        "class": type(model).__name__,
        "size_of": size_of,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "dtype": str(dtype).removeprefix("torch."),
        "weights": "random",
    }
