"""Tiny random pipelines of the real diffusers classes, with the real compression ratios.

Built offline, saved, and reloaded by whoever tests with them. The ratios of time and space are those of the
published checkpoints, so the rules for lengths and sizes are too; the pictures mean nothing.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

KINDS = ("ltx", "wan_flf2v", "wan22_i2v", "wan_vace", "ltx2", "skyreels")
HIDDEN = 32


@functools.cache
def checkpoint(kind: str) -> Path:
    """The folder of a pipeline of ``kind``; made once per process, of the same weights each time."""
    import torch

    # outlives this function, and goes when the interpreter does
    folder = Path(_folder().name) / kind
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BUILDERS[kind]().save_pretrained(folder)
    return folder


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tiny-video-")


def _t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(f"▁{word}", -3.0) for word in ("a", "the", "boat", "moves", "slowly")]
    pieces += [(chr(code), -5.0) for code in range(33, 127)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


def _text_encoder(model: str = "T5EncoderModel", config: str = "T5Config") -> Any:
    import transformers

    return getattr(transformers, model)(
        getattr(transformers, config)(
            vocab_size=128, d_model=HIDDEN, d_kv=8, d_ff=32, num_layers=2, num_heads=4,
            relative_attention_num_buckets=8, feed_forward_proj="gated-gelu",
        )
    ).eval()  # fmt: skip


def _ltx() -> Any:
    import diffusers as d

    vae = d.AutoencoderKLLTXVideo(  # 32x32x8
        latent_channels=8,
        block_out_channels=(8,) * 4,
        decoder_block_out_channels=(8,) * 4,
        layers_per_block=(1,) * 5,
        decoder_layers_per_block=(1,) * 5,
        spatio_temporal_scaling=(True, True, True, False),
        decoder_spatio_temporal_scaling=(True, True, True, False),
        decoder_inject_noise=(False,) * 5,
        downsample_type=("conv",) * 4,
        upsample_residual=(False,) * 4,
        upsample_factor=(1,) * 4,
        timestep_conditioning=False,
        patch_size=4,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )
    transformer = d.LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4,
        attention_head_dim=8, cross_attention_dim=HIDDEN, num_layers=1, caption_channels=HIDDEN,
    )  # fmt: skip
    return d.LTXConditionPipeline(
        scheduler=d.FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=_text_encoder(),
        tokenizer=_t5_tokenizer(),
        transformer=transformer,
    )


def _wan_parts(shift: float = 3.0) -> dict[str, Any]:
    import diffusers as d

    return {
        "tokenizer": _t5_tokenizer(),
        "text_encoder": _text_encoder("UMT5EncoderModel", "UMT5Config"),
        "vae": d.AutoencoderKLWan(  # 8x8x4
            base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
            temperal_downsample=[False, True, True],
        ),
        "scheduler": d.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift
        ),
    }  # fmt: skip


_WAN_TRANSFORMER: dict[str, Any] = {
    "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12, "out_channels": 16,
    "text_dim": HIDDEN, "freq_dim": 64, "ffn_dim": 32, "num_layers": 2, "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads", "rope_max_seq_len": 64,
}  # fmt: skip


def _wan_transformer(**more: Any) -> Any:
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel(in_channels=36, **_WAN_TRANSFORMER, **more)


def _wan_flf2v() -> Any:
    from diffusers import WanImageToVideoPipeline
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    side, patch = 8, 2
    encoder = CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=4, projection_dim=4, num_hidden_layers=3, num_attention_heads=2, image_size=side,
            intermediate_size=16, patch_size=patch,
        )
    )  # fmt: skip
    tokens = (side // patch) ** 2 + 1
    return WanImageToVideoPipeline(
        **_wan_parts(),
        image_encoder=encoder,
        image_processor=CLIPImageProcessor(crop_size=side, size=side),
        transformer=_wan_transformer(image_dim=4, pos_embed_seq_len=2 * tokens),
    )


def _wan22_i2v() -> Any:
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline(
        **_wan_parts(), transformer=_wan_transformer(), transformer_2=_wan_transformer(), boundary_ratio=0.9
    )


def _wan_vace() -> Any:
    from diffusers import WanVACEPipeline, WanVACETransformer3DModel

    shape = {**_WAN_TRANSFORMER, "num_layers": 3}
    transformer = WanVACETransformer3DModel(in_channels=16, vace_layers=[0, 2], vace_in_channels=96, **shape)
    return WanVACEPipeline(**_wan_parts(), transformer=transformer)


def _skyreels() -> Any:
    from diffusers import SkyReelsV2DiffusionForcingImageToVideoPipeline, SkyReelsV2Transformer3DModel

    transformer = SkyReelsV2Transformer3DModel(in_channels=16, **_WAN_TRANSFORMER)
    return SkyReelsV2DiffusionForcingImageToVideoPipeline(**_wan_parts(shift=8.0), transformer=transformer)


def _gemma_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<bos>", "<eos>", "<start_of_image>", "<end_of_image>", "<image_soft_token>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = ("boi_token", "eoi_token", "image_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>",
        padding_side="left", extra_special_tokens=dict(zip(names, special[3:], strict=True)),
    )  # fmt: skip


def _gemma(tokenizer: Any) -> Any:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    text = {
        "vocab_size": len(tokenizer), "hidden_size": HIDDEN, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "sliding_window": 512,
        "query_pre_attn_scalar": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64,
        "image_size": 32, "patch_size": 8,
    }  # fmt: skip
    config = Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=4, boi_token_id=tokenizer.boi_token_id,
        eoi_token_id=tokenizer.eoi_token_id, image_token_id=tokenizer.image_token_id,
    )  # fmt: skip
    return Gemma3ForConditionalGeneration(config).eval()


def _ltx2() -> Any:
    import diffusers as d
    from diffusers.pipelines.ltx2 import LTX2TextConnectors
    from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder

    tokenizer = _gemma_tokenizer()
    vae = d.AutoencoderKLLTX2Video(  # 32x32x8
        latent_channels=4,
        block_out_channels=(8,) * 4,
        decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1,) * 5,
        decoder_layers_per_block=(1,) * 4,
        spatio_temporal_scaling=(True,) * 4,
        decoder_spatio_temporal_scaling=(True,) * 3,
        decoder_inject_noise=(False,) * 4,
        downsample_type=("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        upsample_residual=(True,) * 3,
        upsample_factor=(2,) * 3,
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
        timestep_conditioning=False,
        patch_size=4,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )
    audio_vae = d.AutoencoderKLLTX2Audio(
        base_channels=4, output_channels=2, ch_mult=(1,), num_res_blocks=1, attn_resolutions=None,
        in_channels=2, resolution=32, latent_channels=2, norm_type="pixel", causality_axis="height",
        dropout=0.0, mid_block_add_attention=False, sample_rate=16_000, mel_hop_length=160, is_causal=True,
        mel_bins=8,
    )  # fmt: skip
    vocoder = LTX2Vocoder(
        in_channels=16, hidden_channels=32, out_channels=2, upsample_kernel_sizes=[4, 4],
        upsample_factors=[2, 2], resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]],
        leaky_relu_negative_slope=0.1, output_sampling_rate=16_000,
    )  # fmt: skip
    transformer = d.LTX2VideoTransformer3DModel(
        in_channels=4, out_channels=4, patch_size=1, patch_size_t=1, num_attention_heads=2,
        attention_head_dim=8, cross_attention_dim=16, audio_in_channels=4, audio_out_channels=4,
        audio_num_attention_heads=2, audio_attention_head_dim=4, audio_cross_attention_dim=8, num_layers=2,
        qk_norm="rms_norm_across_heads", caption_channels=HIDDEN, rope_double_precision=False,
        rope_type="split",
    )  # fmt: skip
    connectors = LTX2TextConnectors(
        caption_channels=HIDDEN, text_proj_in_factor=3, video_connector_num_attention_heads=4,
        video_connector_attention_head_dim=8, video_connector_num_layers=1,
        video_connector_num_learnable_registers=None, audio_connector_num_attention_heads=4,
        audio_connector_attention_head_dim=8, audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None, connector_rope_base_seq_len=32, rope_theta=10_000.0,
        rope_double_precision=False, causal_temporal_positioning=False, rope_type="split",
    )  # fmt: skip
    return d.LTX2ConditionPipeline(
        scheduler=d.FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        audio_vae=audio_vae,
        text_encoder=_gemma(tokenizer),
        tokenizer=tokenizer,
        connectors=connectors,
        transformer=transformer,
        vocoder=vocoder,
    )


BUILDERS: dict[str, Callable[[], Any]] = {
    "ltx": _ltx,
    "wan_flf2v": _wan_flf2v,
    "wan22_i2v": _wan22_i2v,
    "wan_vace": _wan_vace,
    "ltx2": _ltx2,
    "skyreels": _skyreels,
}
