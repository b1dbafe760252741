"""Checkpoints of the real speech classes at a tiny size: random weights, built and saved offline."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def build_wav2vec2(folder: Path) -> None:
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    tokens = ["<pad>", "<s>", "</s>", "<unk>", "|", *_LETTERS]
    vocabulary = _vocabulary(folder, tokens)
    tokenizer = Wav2Vec2CTCTokenizer(vocabulary, pad_token="<pad>", word_delimiter_token="|")
    features = Wav2Vec2FeatureExtractor(sampling_rate=16_000, do_normalize=True)
    Wav2Vec2Processor(feature_extractor=features, tokenizer=tokenizer).save_pretrained(folder)
    config = Wav2Vec2Config(
        vocab_size=len(tokens), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, conv_dim=[16, 16, 16], conv_stride=[10, 8, 4], conv_kernel=[10, 8, 4],
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, pad_token_id=0,
    )  # fmt: skip
    Wav2Vec2ForCTC(config).save_pretrained(folder)


def build_whisper(folder: Path) -> None:
    from tokenizers import pre_tokenizers
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizer,
    )

    marks = ["<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"]
    bytes_ = sorted(pre_tokenizers.ByteLevel.alphabet())  # no merges: a token for every byte
    tokenizer = WhisperTokenizer({token: number for number, token in enumerate([*bytes_, *marks])}, [])
    tokenizer.add_special_tokens({"additional_special_tokens": marks[1:]})
    end, start, alone = (tokenizer.convert_tokens_to_ids(mark) for mark in marks)
    config = WhisperConfig(
        vocab_size=len(tokenizer), num_mel_bins=8, d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        decoder_start_token_id=start, bos_token_id=start, eos_token_id=end, pad_token_id=end,
        max_target_positions=32, init_std=1.0,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    # what the published checkpoints say of themselves, as far as generation asks for it
    model.generation_config.update(
        is_multilingual=False, no_timestamps_token_id=alone, max_length=20, return_timestamps=False,
        forced_decoder_ids=None, suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=8).save_pretrained(folder)


def build_vits(folder: Path) -> None:
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    tokens = ["<pad>", " ", "'", *_LETTERS]
    tokenizer = VitsTokenizer(
        _vocabulary(folder, tokens), pad_token="<pad>", unk_token="<pad>", phonemize=False, normalize=True
    )
    tokenizer.save_pretrained(folder)
    config = VitsConfig(
        vocab_size=len(tokens), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, ffn_dim=16,
        window_size=2, flow_size=16, spectrogram_bins=9, posterior_encoder_num_wavenet_layers=1,
        prior_encoder_num_flows=1, prior_encoder_num_wavenet_layers=1, duration_predictor_num_flows=1,
        duration_predictor_filter_channels=16, depth_separable_num_layers=1, wavenet_dilation_rate=1,
        upsample_initial_channel=16, upsample_rates=[8, 8], upsample_kernel_sizes=[16, 16],
        resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1, 3]], sampling_rate=16_000,
    )  # fmt: skip
    VitsModel(config).save_pretrained(folder)


FAMILIES: Mapping[str, Callable[[Path], None]] = {
    "wav2vec2": build_wav2vec2,
    "whisper": build_whisper,
    "vits": build_vits,
}


def build(family: str, folder: Path, seed: int = 0) -> Path:
    """Writes the checkpoint of one family into ``folder``, the same one for the same seed."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        FAMILIES[family](folder)
    return folder


def _vocabulary(folder: Path, tokens: list[str]) -> Any:
    path = folder / "vocab.json"
    path.write_text(json.dumps({token: number for number, token in enumerate(tokens)}), encoding="utf-8")
    return str(path)
