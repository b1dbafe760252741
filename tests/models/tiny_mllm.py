"""Checkpoints of the real multimodal classes at a tiny size: random weights, built and saved offline.

The tokenizer is trained here on a few lines and knows every form of yes and no as one token. Processors are
written as their three configuration files, because building one as an object needs torchvision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

END, PAD, START = "<|im_end|>", "<|pad|>", "<|im_start|>"
_CORPUS = [
    "First frame of a video: A later frame of the same video: do both frames mean the same? Answer Yes or "
    "No.",
    "Describe this frame of a video in a few sentences. user assistant system 0 1 2 3 4 5 6 7 8 9 . , ! ? : "
    ";",
] * 8 + ["Yes", "No", " Yes", " No", "yes", "no", " yes", " no"] * 50
_TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
}
_VISION = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def build_internvl(folder: Path) -> None:
    from transformers import GotOcr2ImageProcessorPil, InternVLConfig, InternVLForConditionalGeneration

    tokenizer = _tokenizer(
        start_image_token="<img>", end_image_token="</img>", context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )  # fmt: skip
    config = InternVLConfig(
        vision_config={**_VISION, "image_size": [28, 28], "patch_size": [14, 14]},
        text_config={"model_type": "qwen2", **_special_ids(tokenizer), **_TEXT},
        image_token_id=tokenizer.context_image_token_id,
        image_seq_length=1,
        downsample_ratio=0.5,
    )
    images = GotOcr2ImageProcessorPil(size={"height": 28, "width": 28}, crop_to_patches=True)
    model = InternVLForConditionalGeneration(config)
    _save(folder, model, images, tokenizer, "InternVLProcessor", "<IMG_CONTEXT>\n", image_seq_length=1)


def build_qwen2_5_vl(folder: Path) -> None:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    tokenizer, tokens = _qwen_tokenizer()
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
    config = Qwen2_5_VLConfig(
        text_config={"rope_parameters": rope, **_special_ids(tokenizer), **_TEXT},
        vision_config={**_qwen_vision(14), "window_size": 56, "fullatt_block_indexes": [1]},
        **tokens,
    )
    _save_qwen(folder, Qwen2_5_VLForConditionalGeneration(config), tokenizer, "Qwen2_5_VLProcessor", 14)


def build_qwen3_vl(folder: Path) -> None:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokenizer, tokens = _qwen_tokenizer()
    rope = {
        "rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1], "mrope_interleaved": True,
    }  # fmt: skip
    config = Qwen3VLConfig(
        text_config={"head_dim": 8, "rope_parameters": rope, **_special_ids(tokenizer), **_TEXT},
        vision_config={**_qwen_vision(16), "num_position_embeddings": 16, "deepstack_visual_indexes": [0]},
        **tokens,
    )
    _save_qwen(folder, Qwen3VLForConditionalGeneration(config), tokenizer, "Qwen3VLProcessor", 16)


def build_smolvlm(folder: Path) -> None:
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration, SmolVLMImageProcessorPil

    tokenizer = _tokenizer(
        extra=[f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)],
        image_token="<image>", fake_image_token="<fake_token_around_image>",
        global_image_token="<global-img>",
        end_of_utterance_token="<end_of_utterance>", video_token="<video>",
    )  # fmt: skip
    config = SmolVLMConfig(
        vision_config={**_VISION, "image_size": 32, "patch_size": 8},
        text_config={"model_type": "llama", **_special_ids(tokenizer), **_TEXT},
        image_token_id=tokenizer.image_token_id,
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    images = SmolVLMImageProcessorPil(
        size={"longest_edge": 64}, max_image_size={"longest_edge": 32}, do_image_splitting=True
    )
    model = SmolVLMForConditionalGeneration(config)
    _save(folder, model, images, tokenizer, "SmolVLMProcessor", "<image>", image_seq_len=4)


def build_gemma3(folder: Path) -> None:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3ImageProcessorPil

    tokenizer = _tokenizer(
        boi_token="<start_of_image>", eoi_token="<end_of_image>", image_token="<image_soft_token>"
    )
    text = {
        "head_dim": 8,
        "sliding_window": 512,
        "query_pre_attn_scalar": 8,
        **_special_ids(tokenizer),
        **_TEXT,
    }
    config = Gemma3Config(
        text_config=text,
        vision_config={**_VISION, "image_size": 32, "patch_size": 8},
        mm_tokens_per_image=4,
        boi_token_index=tokenizer.boi_token_id,
        eoi_token_index=tokenizer.eoi_token_id,
        image_token_index=tokenizer.image_token_id,
    )
    images = Gemma3ImageProcessorPil(size={"height": 32, "width": 32})
    model = Gemma3ForConditionalGeneration(config)
    projection = model.model.multi_modal_projector.mm_input_projection_weight
    projection.data.normal_(std=0.1)  # transformers starts it at zero: the model would be blind
    _save(folder, model, images, tokenizer, "Gemma3Processor", "<start_of_image>", image_seq_length=4)


def build_text_only(folder: Path) -> None:
    """A language model that sees nothing."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    LlamaForCausalLM(LlamaConfig(**_special_ids(tokenizer), **_TEXT)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


FAMILIES: Mapping[str, Callable[[Path], None]] = {
    "internvl": build_internvl,
    "qwen2_5_vl": build_qwen2_5_vl,
    "qwen3_vl": build_qwen3_vl,
    "smolvlm": build_smolvlm,
    "gemma3": build_gemma3,
}


def build(family: str, folder: Path, seed: int = 0) -> Path:
    """Writes the checkpoint of one family into ``folder``, the same one for the same seed."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        {**FAMILIES, "text_only": build_text_only}[family](folder)
    return folder


def _tokenizer(extra: Sequence[str] = (), **named: str) -> Any:
    """Byte-level BPE; ``named`` become attributes of the tokenizer, as processors expect them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=[PAD, START, END, *named.values(), *extra],
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(_CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        bos_token=START,
        padding_side="left",
        extra_special_tokens=named,
        model_max_length=32768,
    )


def _special_ids(tokenizer: Any) -> dict[str, int]:
    return {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


def _qwen_tokenizer() -> tuple[Any, dict[str, int]]:
    tokenizer = _tokenizer(
        image_token="<|image_pad|>", video_token="<|video_pad|>", vision_bos_token="<|vision_start|>",
        vision_eos_token="<|vision_end|>",
    )  # fmt: skip
    return tokenizer, {
        "image_token_id": tokenizer.image_token_id,
        "video_token_id": tokenizer.video_token_id,
        "vision_start_token_id": tokenizer.vision_bos_token_id,
        "vision_end_token_id": tokenizer.vision_eos_token_id,
    }


def _qwen_vision(patch: int) -> dict[str, Any]:
    return {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 4, "patch_size": patch,
        "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": 32,
    }  # fmt: skip


def _save_qwen(folder: Path, model: Any, tokenizer: Any, processor: str, patch: int) -> None:
    from transformers import Qwen2VLImageProcessorPil

    unit = (2 * patch) ** 2
    images = Qwen2VLImageProcessorPil(
        patch_size=patch, merge_size=2, temporal_patch_size=2,
        size={"shortest_edge": unit, "longest_edge": 64 * unit},
    )  # fmt: skip
    _save(folder, model, images, tokenizer, processor, "<|vision_start|><|image_pad|><|vision_end|>")


def _save(
    folder: Path, model: Any, images: Any, tokenizer: Any, processor: str, picture: str, **arguments: Any
) -> None:
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.bos_token_id = tokenizer.bos_token_id
    for part in (model, tokenizer, images):
        part.save_pretrained(folder)
    config = {"processor_class": processor, **arguments}
    (folder / "processor_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(_chat_template(picture), encoding="utf-8")


def _chat_template(picture: str) -> str:
    return (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}" + picture + "{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
