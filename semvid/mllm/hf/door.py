"""What can be refused before weights are loaded: no such model, no model that sees, no GPU, no packages."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from semvid.errors import InvalidInput, MissingComponent
from semvid.mllm.hf.failures import EXTRA, explaining
from semvid.mllm.settings import MllmSettings

_PACKAGES = ("torch", "transformers", "accelerate", "PIL")
EXAMPLES = "Qwen/Qwen3-VL-4B-Instruct, OpenGVLab/InternVL3_5-4B-HF, HuggingFaceTB/SmolVLM2-2.2B-Instruct"


def check(name: str, settings: MllmSettings) -> None:
    """Looks at the configuration of the checkpoint ``name``, on disk or at the model hub.

    Raises:
        MissingComponent: a package is not installed, or the GPU that the settings ask for is not there.
        InvalidInput: no such checkpoint, or one that takes no pictures and text.
    """
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if settings.mllm_quantisation == "int8" and find_spec("torchao") is None:
        missing.append("torchao")
    if missing:
        raise MissingComponent(f"hf:{name}: {', '.join(missing)} is not installed; run: {EXTRA}")
    device_of(settings)
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    config = config_of(name)
    if config.model_type not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        raise InvalidInput(
            f"hf:{name}: a model of type {config.model_type} takes no pictures together with text; choose "
            f"one that does, for example {EXAMPLES}"
        )


def device_of(settings: MllmSettings) -> str:
    """The device of the settings, ``cpu`` or ``cuda[:N]``.

    Raises:
        MissingComponent: a GPU that is not there.
    """
    import torch

    wanted = settings.mllm_device
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda" if count else "cpu"
    number = int(wanted.partition(":")[2] or 0)
    if wanted.startswith("cuda") and number >= count:
        raise MissingComponent(
            f"{settings.variable('mllm_device')} is {wanted}, but PyTorch sees {count} GPUs here; install "
            "the NVIDIA driver and a CUDA build of PyTorch (pip install torch), or set it to cpu"
        )
    return wanted


def config_of(name: str) -> Any:
    """The configuration of the checkpoint ``name``.

    Raises:
        SemvidError: it cannot be had, and why.
    """
    from transformers import AutoConfig

    folder = Path(name).expanduser()
    if not folder.is_dir() and (name.startswith(("/", ".", "~")) or name.count("/") > 1):
        raise InvalidInput(f"hf:{name}: there is no such folder on this machine; give a folder or OWNER/NAME")
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise InvalidInput(f"hf:{name}: the folder has no config.json, so it is no transformers checkpoint")
    with explaining(name):
        return AutoConfig.from_pretrained(place_of(name))


def place_of(name: str) -> str:
    """What `from_pretrained` takes for ``name``: a folder with ``~`` resolved, or the id."""
    folder = Path(name).expanduser()
    return str(folder) if folder.is_dir() else name
