"""Loads a checkpoint onto a device, in the precision that the settings ask for."""

from typing import Any

import structlog

from semvid.mllm.hf.door import check, device_of, place_of
from semvid.mllm.hf.failures import explaining, memory_remedy
from semvid.mllm.hf.model import HfModel
from semvid.mllm.hf.processor import load_processor
from semvid.mllm.settings import MllmSettings

_log = structlog.get_logger(__name__)


def load(name: str, settings: MllmSettings) -> HfModel:
    """The checkpoint ``name``, ready to be asked.

    Raises:
        SemvidError: as `check`; LimitExceeded where disk or memory do not suffice; InvalidInput where files
            are damaged or missing, or the processor has no chat template.
    """
    check(name, settings)
    with explaining(name, memory_remedy(settings)):
        processor = load_processor(place_of(name))
        model = _load_weights(place_of(name), settings)
        loaded = HfModel(name, model, processor, settings)
    _log.info("multimodal model loaded", mllm=loaded.name, device=str(model.device), dtype=str(model.dtype))
    return loaded


def _load_weights(place: str, settings: MllmSettings) -> Any:
    import torch
    from transformers import AutoModelForImageTextToText

    device = device_of(settings)
    dtype = settings.mllm_dtype
    if dtype == "auto":
        dtype = "float32" if device == "cpu" else "bfloat16"
    options: dict[str, Any] = {"dtype": getattr(torch, dtype)}
    if device != "cpu":
        options["device_map"] = {"": device}  # straight onto the GPU, without a copy in main memory
    if settings.mllm_quantisation == "int8":
        from torchao.quantization import Int8WeightOnlyConfig
        from transformers import TorchAoConfig

        options["quantization_config"] = TorchAoConfig(Int8WeightOnlyConfig())
    return AutoModelForImageTextToText.from_pretrained(place, **options).eval()
