"""Any automatic-speech-recognition model of transformers: Whisper, wav2vec 2.0 and their like."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from typing import Any

import structlog

from semvid.errors import InvalidInput, MissingComponent
from semvid.mllm.hf.door import config_of, device_of, place_of
from semvid.mllm.hf.failures import EXTRA, explaining
from semvid.mllm.settings import MllmSettings
from semvid.sound.tempo import Samples
from transmitter.sound.speech.transcriber import SPEECH_RATE

EXAMPLES = "openai/whisper-small, facebook/wav2vec2-base-960h"
_REMEDY = "set SEMVID_TRANSMITTER_SPEECH_MODEL to a smaller model, or SEMVID_TRANSMITTER_MLLM_DEVICE=cpu"
_PACKAGES = ("torch", "transformers")

_log = structlog.get_logger(__name__)


def check(name: str, settings: MllmSettings) -> None:
    """Looks at the configuration of the checkpoint ``name``, on disk or at the model hub.

    Raises:
        MissingComponent: a package is not installed, or the GPU that the settings ask for is not there.
        InvalidInput: no such checkpoint, or one that does not turn speech into text.
    """
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if missing:
        raise MissingComponent(f"hf:{name}: {', '.join(missing)} is not installed; run: {EXTRA}")
    device_of(settings)
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CTC_MAPPING_NAMES,
        MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
    )

    config = config_of(name)
    if config.model_type not in {*MODEL_FOR_CTC_MAPPING_NAMES, *MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES}:
        raise InvalidInput(
            f"hf:{name}: a model of type {config.model_type} does not turn speech into text; set "
            f"SEMVID_TRANSMITTER_SPEECH_MODEL to one that does, for example hf: with {EXAMPLES}"
        )


class HfTranscriber:
    """A checkpoint behind the pipeline of transformers; decoding is greedy, so nothing is drawn.

    Args:
        name: id on the hub, or path of a folder.
        settings: for the device.

    Raises:
        SemvidError: as `check`; LimitExceeded where disk or memory do not suffice; InvalidInput where files
            are damaged or missing.
    """

    def __init__(self, name: str, settings: MllmSettings) -> None:
        check(name, settings)
        self._name, self._lock = name, threading.Lock()
        with explaining(name, _REMEDY):
            self._pipeline = _load(name, device_of(settings))
        _log.info("speech model loaded", model=name, device=str(self._pipeline.device))

    def transcribe(self, samples: Samples) -> str:
        """See `Transcriber`."""
        sampling = {"do_sample": False} if self._pipeline.model.can_generate() else None
        with self._lock, explaining(self._name, _REMEDY):
            heard = self._pipeline(
                {"raw": samples, "sampling_rate": SPEECH_RATE},
                **({} if sampling is None else {"generate_kwargs": sampling}),
            )
        words = str(heard["text"])
        for mark in self._pipeline.tokenizer.all_special_tokens:  # CTC models write <unk> and the like
            words = words.replace(mark, "")
        return words


def _load(name: str, device: str) -> Any:
    from transformers import pipeline

    loaded = pipeline("automatic-speech-recognition", model=place_of(name), device=device, dtype="float32")
    rate = loaded.feature_extractor.sampling_rate
    if rate != SPEECH_RATE:
        raise InvalidInput(
            f"hf:{name}: hears {rate} samples a second, semvid gives {SPEECH_RATE}; set "
            f"SEMVID_TRANSMITTER_SPEECH_MODEL to another model, for example hf: with {EXAMPLES}"
        )
    return loaded
