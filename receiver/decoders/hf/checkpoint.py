"""A checkpoint before its weights are loaded: what it is, and plain words for why it cannot be had."""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from receiver.decoders.hf.clip import Family, OutOfMemory
from receiver.decoders.hf.ltx import LtxCondition, LtxText
from receiver.decoders.hf.ltx2 import Ltx2Condition
from receiver.decoders.hf.wan import SkyReelsForcing, WanFirstLast, WanText, WanVace
from semvid.errors import InvalidInput, MissingComponent, SemvidError
from semvid.profile import Given

FAMILIES: tuple[type[Family], ...] = (
    LtxCondition, WanFirstLast, WanVace, Ltx2Condition, SkyReelsForcing, LtxText, WanText,
)  # fmt: skip

_PACKAGES = ("torch", "transformers", "diffusers", "accelerate", "ftfy", "PIL")
_SMALLER = (
    "set SEMVID_RECEIVER_DECODER_CARD=24gb, or SEMVID_RECEIVER_DECODER_OFFLOAD=model (then group), "
    "SEMVID_RECEIVER_DECODER_QUANTISATION=int8 and fewer SEMVID_RECEIVER_DECODER_PIXELS, "
    "or take a smaller model"
)


class Checkpoint:
    """A diffusers checkpoint in a folder or on the hub.

    Args:
        model: path of a folder, or id on the hub.

    Attributes:
        model: what ``from_pretrained`` takes.
        index: its ``model_index.json``.
        family: of pipelines that it is loaded into.

    Raises:
        MissingComponent: packages are missing, or the hub does not give the checkpoint.
        InvalidInput: there is no such checkpoint, or it cannot make a video between two pictures.
    """

    def __init__(self, model: str) -> None:
        require_packages()
        if not model:
            raise InvalidInput(
                "decoder hf needs a model: hf:ID of the hub or hf:PATH of a folder, "
                "for example hf:Lightricks/LTX-Video-0.9.8-13B-distilled"
            )
        folder = Path(model).expanduser()
        self.is_local = folder.is_dir()
        if not self.is_local and (
            folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1
        ):
            raise InvalidInput(f"there is no folder {model}")
        self.model = str(folder) if self.is_local else model
        index = self.read("model_index.json")
        if index is None:
            raise InvalidInput(
                f"{model} has no model_index.json, so it is no diffusers pipeline; {_those_that_can()}"
            )
        self.index = index
        self.family = self._family()
        self.family.check(index, self.read)

    @property
    def is_distilled(self) -> bool:
        """Whether its name says that it is one for few steps without guidance."""
        name = self.model
        if self.is_local:
            parts = Path(self.model).resolve().parts
            name = (
                parts[-3] if parts[-2:-1] == ("snapshots",) else parts[-1]
            )  # the hub's cache: NAME/snapshots/HASH
        return any("distill" in str(one).lower() for one in (name, self.index.get("_name_or_path")))

    def parts(self, *names: str) -> list[str]:
        """Those of ``names`` that the checkpoint has."""
        return [name for name in names if (self.index.get(name) or [None])[0] is not None]

    def read(self, file: str) -> dict[str, Any] | None:
        """One of its JSON files; None if it has none of that name.

        Raises:
            MissingComponent: the hub does not give it.
            InvalidInput: the hub does not know the checkpoint, or the file is damaged.
        """
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError

        path = Path(self.model) / file
        if not self.is_local:
            try:
                with explained(self.model):
                    path = Path(hf_hub_download(self.model, file))
            except SemvidError as error:
                if isinstance(error.__cause__, RemoteEntryNotFoundError) and not isinstance(
                    error.__cause__, LocalEntryNotFoundError
                ):
                    return None
                raise
        if not path.is_file():
            return None
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InvalidInput(f"{path} is damaged: {error}; download the checkpoint again") from error
        return document if isinstance(document, dict) else None

    def _family(self) -> type[Family]:
        name = self.index.get("_class_name")
        for family in FAMILIES:
            if name in family.index_classes:
                return family
        raise InvalidInput(
            f"{self.model} is a {name}, which cannot make a video between two pictures; {_those_that_can()}"
        )


def require_packages(*more: str, actor: str = "decoder hf", packages: tuple[str, ...] = _PACKAGES) -> None:
    """Checks that the packages for large models are installed.

    Args:
        more: packages besides.
        actor: who needs them, for the error.
        packages: that it needs.

    Raises:
        MissingComponent: one is not.
    """
    missing = [name for name in (*packages, *more) if find_spec(name) is None]
    if missing:
        raise MissingComponent(
            f'{actor} needs {", ".join(missing)}; install them with: pip install "semvid[models]"'
        )


@contextmanager
def explained(model: str) -> Iterator[None]:
    """Turns what loading ``model`` raises into one sentence with the remedy."""
    from huggingface_hub import errors as hub

    try:
        yield
    except SemvidError:
        raise
    except hub.GatedRepoError as error:
        raise MissingComponent(
            f"{model} is gated: accept its licence at https://huggingface.co/{model}, "
            "then log in with: hf auth login"
        ) from error
    except (hub.RepositoryNotFoundError, hub.HFValidationError, hub.RevisionNotFoundError) as error:
        raise InvalidInput(
            f"the hub knows no model {model!r} that you may see; check the id (OWNER/NAME), "
            "or log in with: hf auth login"
        ) from error
    except (hub.LocalEntryNotFoundError, hub.OfflineModeIsEnabled) as error:
        raise MissingComponent(
            f"{model} is not in the cache of models and the hub cannot be reached; where it can, run: "
            f"hf download {model}; or give the path of a folder"
        ) from error
    except hub.RemoteEntryNotFoundError as error:
        raise InvalidInput(f"{model} lacks a file: {_first_line(error)}") from error
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):
            raise MissingComponent(
                f"no space left on the disk for {model}; free some, or point HF_HOME at a larger disk"
            ) from error
        raise InvalidInput(f"{model} cannot be loaded: {_first_line(error)}") from error


@contextmanager
def memory_explained(model: str) -> Iterator[None]:
    """Turns the GPU's running out of memory for ``model`` into one sentence with the remedy."""
    from torch import OutOfMemoryError

    try:
        yield
    except OutOfMemoryError as error:
        raise OutOfMemory(f"{model}: the GPU's memory does not suffice; {_SMALLER}") from error


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _those_that_can() -> str:
    bridging = [family.pipeline_class for family in FAMILIES if Given.BOTH_ENDS in family.draws_from]
    drawing = [family.pipeline_class for family in FAMILIES if Given.BOTH_ENDS not in family.draws_from]
    return f"pipelines that can: {', '.join(bridging)}; from captions alone: {', '.join(drawing)}"
