"""Any text-to-waveform model of transformers: VITS (the MMS voices), Bark and their like."""

from __future__ import annotations

import threading
import zlib
from typing import Any

import numpy as np
import structlog

from receiver.decoders.hf.checkpoint import explained, require_packages
from semvid.errors import InvalidInput, MissingComponent
from semvid.sound.tempo import Samples

EXAMPLES = "hf:facebook/mms-tts-eng, hf:suno/bark-small"

_log = structlog.get_logger(__name__)


class HfVoice:
    """A checkpoint behind the pipeline of transformers.

    What it draws depends on the words alone: the seed is their CRC-32.

    Args:
        model: id on the hub, or path of a folder.
        device: cpu or cuda[:N].

    Raises:
        MissingComponent: a package is missing, the GPU is, or the hub does not give the checkpoint.
        InvalidInput: there is no such checkpoint, or it makes no sound from text alone.
    """

    def __init__(self, model: str, device: str) -> None:
        require_packages(actor="the voice hf", packages=("torch", "transformers"))
        if not model:
            raise InvalidInput(
                f"the voice hf needs a model: hf:ID or hf:PATH of a folder, such as {EXAMPLES}"
            )
        self._model, self._lock = model, threading.Lock()
        with explained(model):
            self._pipeline = _load(model, device)
        if not self._pipeline.sampling_rate:
            raise InvalidInput(
                f"{model} does not say at which sampling rate it speaks; take one of {EXAMPLES}"
            )
        self.rate = int(self._pipeline.sampling_rate)
        _log.info("voice loaded", model=model, device=str(self._pipeline.device), rate=self.rate)

    def speak(self, words: str) -> Samples:
        """See `Voice`."""
        import torch

        device = self._pipeline.device
        with self._lock, torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(zlib.crc32(words.encode()))
            try:
                spoken = self._pipeline(words)["audio"]
            except (RuntimeError, ValueError, IndexError, KeyError) as error:
                raise InvalidInput(f"{self._model} cannot speak {words[:40]!r}: {error}") from error
        samples = np.asarray(spoken, np.float32).reshape(-1)
        if not np.isfinite(samples).all():
            raise InvalidInput(f"{self._model} made no sound of {words[:40]!r}: values that are no numbers")
        return np.clip(samples, -1, 1)


def _load(model: str, device: str) -> Any:
    import torch
    from transformers import AutoConfig, pipeline
    from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES

    if device.startswith("cuda") and int(device.partition(":")[2] or 0) >= torch.cuda.device_count():
        raise MissingComponent(
            f"SEMVID_RECEIVER_VOICE_DEVICE is {device}, but PyTorch sees {torch.cuda.device_count()} GPUs "
            "here; install the NVIDIA driver and a CUDA build of torch (pip install torch), or set it to cpu"
        )
    config = AutoConfig.from_pretrained(model)
    if config.model_type not in MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES:
        raise InvalidInput(
            f"{model} is of type {config.model_type}, which makes no waveform from text alone; take one of "
            f"{EXAMPLES}"
        )
    return pipeline("text-to-speech", model=model, device=device, dtype="float32")
