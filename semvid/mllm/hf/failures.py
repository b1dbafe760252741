"""What transformers, the model hub and the device say when they fail, as one sentence with the remedy."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from semvid.errors import InvalidInput, LimitExceeded, MissingComponent, SemvidError
from semvid.mllm.settings import MllmSettings

EXTRA = 'pip install "semvid[models]"'


def memory_remedy(settings: MllmSettings) -> str:
    """What to do where memory does not suffice."""
    return (
        f"set {settings.variable('mllm_quantisation')}=int8, lower {settings.variable('mllm_image_tokens')}, "
        "or choose a smaller model"
    )


def ran_out(error: BaseException) -> bool:
    """Whether memory of the GPU or of the machine ran out."""
    import torch

    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "can't allocate memory" in str(error)  # the CPU allocator raises a plain RuntimeError
        or "CUDA out of memory" in str(error)
    )


@contextmanager
def explaining(name: str, memory_remedy: str = "choose a smaller model") -> Iterator[None]:
    """Turns what is known to go wrong with the checkpoint ``name`` into errors of ours.

    Args:
        name: of the checkpoint.
        memory_remedy: what to do where memory does not suffice.

    Raises:
        SemvidError: says what went wrong, and the remedy.
    """
    try:
        yield
    except SemvidError:
        raise
    except Exception as error:
        explained = _explained(name, error, memory_remedy)
        if explained is None:
            raise
        raise explained from error


def _explained(name: str, error: Exception, memory_remedy: str) -> SemvidError | None:
    kinds = {type(cause).__name__ for cause in _causes(error)}
    text = " ".join(str(cause) for cause in _causes(error))
    if "does not recognize this architecture" in text:
        return InvalidInput(
            f"hf:{name}: this version of transformers does not know the model's type; run: "
            "pip install --upgrade transformers"
        )
    if any(isinstance(cause, OSError) and cause.errno == errno.ENOSPC for cause in _causes(error)):
        return LimitExceeded(
            f"hf:{name}: the disk is full while the model is downloaded; free space, or set HF_HOME to a "
            "folder on a larger disk"
        )
    if ran_out(error):
        return LimitExceeded(f"hf:{name}: the model does not fit into the device's memory; {memory_remedy}")
    if "GatedRepoError" in kinds or "gated repo" in text:
        return InvalidInput(
            f"hf:{name}: the model is gated; accept its licence at https://huggingface.co/{name} and set "
            "HF_TOKEN for the transmitter"
        )
    if kinds & {"RepositoryNotFoundError", "RevisionNotFoundError", "HFValidationError"}:
        return InvalidInput(
            f"hf:{name}: the model hub has no such model; check the spelling (OWNER/NAME), set HF_TOKEN "
            "for a private one, or give the path of a folder"
        )
    if kinds & {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectionError", "ConnectError"}:
        return InvalidInput(
            f"hf:{name}: the model is not on this disk and the model hub cannot be reached (or "
            f"HF_HUB_OFFLINE is set); download it beforehand with `hf download {name}`, or give the path "
            "of a folder"
        )
    if "ImportError" in kinds or "ModuleNotFoundError" in kinds:
        return MissingComponent(f"hf:{name}: {_first_line(error)}; {EXTRA}")
    if isinstance(error, OSError):
        return InvalidInput(f"hf:{name}: files are missing or cannot be read: {_first_line(error)}")
    if "SafetensorError" in kinds or isinstance(error, ValueError | KeyError | AttributeError | RuntimeError):
        return InvalidInput(
            f"hf:{name}: transformers cannot load it: {type(error).__name__}: {_first_line(error)}"
        )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    at: Any = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".:")
