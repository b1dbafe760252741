"""Loads a checkpoint's pipeline and puts it where it is to run."""

from typing import Any

from receiver.decoders.hf.checkpoint import Checkpoint, explained, memory_explained, require_packages
from receiver.decoders.options import DecoderOptions
from semvid.errors import InvalidInput

_TRANSFORMERS = ("transformer", "transformer_2")


def load_pipeline(checkpoint: Checkpoint, options: DecoderOptions) -> Any:
    """The pipeline of ``checkpoint``, ready to run.

    Args:
        checkpoint: what to load.
        options: with the preset of the card put in (`DecoderOptions.with_preset`).

    Raises:
        InvalidInput: no such device, attention backend or combination of options, or a damaged checkpoint.
        MissingComponent: a package, or weights that the hub does not give.
        LimitExceeded: the GPU's memory does not suffice.
    """
    import diffusers
    import torch
    import transformers

    diffusers.utils.logging.disable_progress_bar()  # a service's log is no terminal
    transformers.utils.logging.disable_progress_bar()
    device = _device(options)
    on_gpu = device.type != "cpu"
    if options.offload not in (None, "none") and not on_gpu:
        raise InvalidInput(
            f"offload {options.offload} moves weights between GPU and main memory, and this runs on the CPU; "
            "unset SEMVID_RECEIVER_DECODER_OFFLOAD and SEMVID_RECEIVER_DECODER_CARD"
        )
    dtype = getattr(torch, options.dtype or ("bfloat16" if on_gpu else "float32"))
    arguments: dict[str, Any] = {
        "dtype": {
            "default": dtype,
            **dict.fromkeys(checkpoint.parts(*checkpoint.family.float32), torch.float32),
        }
    }
    if options.quantisation not in (None, "none"):
        arguments["quantization_config"] = _quantisation(checkpoint, options)
    pipeline_class = getattr(diffusers, checkpoint.family.pipeline_class)
    with explained(checkpoint.model), memory_explained(checkpoint.model):
        pipeline = pipeline_class.from_pretrained(checkpoint.model, **arguments)
        pipeline.set_progress_bar_config(disable=True)
        transformers = [getattr(pipeline, name) for name in checkpoint.parts(*_TRANSFORMERS)]
        _set_attention(transformers, options)
        _place(pipeline, options, device)
        if options.compile:
            for transformer in transformers:
                transformer.compile_repeated_blocks(fullgraph=True)
    return pipeline


def _device(options: DecoderOptions) -> Any:
    import torch

    if options.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(options.device)
    except RuntimeError as error:
        raise InvalidInput(f"no device {options.device!r}; take auto, cuda, cuda:N or cpu") from error
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            built = f"CUDA {torch.version.cuda}" if torch.version.cuda else "the CPU only"
            raise InvalidInput(
                f"device {options.device} was asked for and torch {torch.__version__}, built for {built}, "
                f"sees {count} GPUs; install its CUDA build and the driver, "
                "or set SEMVID_RECEIVER_DECODER_DEVICE=cpu"
            )
    return device


def _quantisation(checkpoint: Checkpoint, options: DecoderOptions) -> Any:
    require_packages("torchao")
    from diffusers import PipelineQuantizationConfig, TorchAoConfig
    from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig

    kind = {"int8": Int8WeightOnlyConfig, "fp8": Float8WeightOnlyConfig}[str(options.quantisation)]
    parts = checkpoint.parts(*_TRANSFORMERS)
    return PipelineQuantizationConfig(quant_mapping={part: TorchAoConfig(kind()) for part in parts})


def _set_attention(transformers: list[Any], options: DecoderOptions) -> None:
    if options.attention is None:
        return
    for transformer in transformers:
        try:
            transformer.set_attention_backend(options.attention)
        except (ValueError, ImportError, RuntimeError) as error:
            raise InvalidInput(
                f"attention backend {options.attention!r} cannot be used: {error}; "
                "unset SEMVID_RECEIVER_DECODER_ATTENTION, or install what it needs"
            ) from error


def _place(pipeline: Any, options: DecoderOptions, device: Any) -> None:
    import torch

    match options.offload:
        case "model":
            pipeline.enable_model_cpu_offload(device=device)
        case "group":
            pipeline.enable_group_offload(
                onload_device=device,
                offload_device=torch.device("cpu"),
                offload_type="leaf_level",
                use_stream=True,
            )
        case _:
            pipeline.to(device)
    if options.offload in ("model", "group"):
        pipeline.vae.enable_tiling()  # where weights do not fit, a whole clip's pixels do not either
