"""Reads a checkpoint of torch without torch, and without running anything that it may say.

A checkpoint is a ZIP archive: a pickle that says how the tensors lie in their storages, and the storages.
The pickle is unpickled into a description only, and the arrays are made from that once it has been checked.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput

MAX_BYTES: Final = 512 * 2**20
"""Of all that a checkpoint holds, unpacked."""

_MAX_PICKLE_BYTES: Final = 4 * 2**20
_PREFIX: Final = "module."  # that torch's DataParallel puts before every name
_DTYPES: Final = {"DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8"}


@dataclass(frozen=True)
class _Storage:
    dtype: str
    key: str


@dataclass(frozen=True)
class _Tensor:
    storage: Any
    offset: Any
    shape: Any
    strides: Any


def read_checkpoint(content: bytes, name: str = "checkpoint") -> dict[str, NDArray[Any]]:
    """The tensors of a checkpoint by name, without the prefix ``module.``; read-only arrays.

    Args:
        content: what ``torch.save`` wrote of a dict of tensors, in the ZIP format (torch 1.6 and newer).
        name: of the file, for messages.

    Raises:
        InvalidInput: it is no such file, it is damaged, it is larger than `MAX_BYTES`, or it asks for
            anything but dense tensors.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read(archive)
    except InvalidInput as error:
        raise InvalidInput(f"{name}: {error}") from None
    except Exception as error:  # a damaged or hostile pickle may raise anything
        raise InvalidInput(
            f"{name} is not a checkpoint of tensors as torch.save writes it, or it is damaged "
            f"({type(error).__name__}: {error}); fetch it anew"
        ) from error


def _read(archive: zipfile.ZipFile) -> dict[str, NDArray[Any]]:
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAX_BYTES:
        raise InvalidInput(f"it unpacks to {unpacked} bytes and at most {MAX_BYTES} are read; is it RIFE's?")
    names = set(archive.namelist())
    root = next((n.removesuffix("data.pkl") for n in sorted(names) if n.endswith("/data.pkl")), None)
    if root is None:
        raise InvalidInput("there is no data.pkl in it; give a checkpoint that torch.save wrote")
    if f"{root}byteorder" in names and archive.read(f"{root}byteorder") != b"little":
        raise InvalidInput("its numbers are big-endian; save it on a little-endian machine")
    if archive.getinfo(f"{root}data.pkl").file_size > _MAX_PICKLE_BYTES:
        raise InvalidInput(f"its data.pkl has more than {_MAX_PICKLE_BYTES} bytes; is it RIFE's?")
    described = _Description(io.BytesIO(archive.read(f"{root}data.pkl"))).load()
    if not isinstance(described, dict):
        raise InvalidInput(f"it holds a {type(described).__name__} where a dict of tensors belongs")
    storages: dict[str, bytes] = {}
    arrays = {}
    for key, tensor in described.items():
        if not isinstance(key, str) or not isinstance(tensor, _Tensor):
            raise InvalidInput(f"its entry {str(key)[:80]!r} is no tensor; give a dict of tensors")
        arrays[key.removeprefix(_PREFIX)] = _array(archive, root, tensor, storages)
    return arrays


def _array(archive: zipfile.ZipFile, root: str, tensor: _Tensor, storages: dict[str, bytes]) -> NDArray[Any]:
    """The tensor over the bytes of its storage; refuses one that reaches beyond them."""
    storage, offset, shape, strides = tensor.storage, tensor.offset, tensor.shape, tensor.strides
    if not isinstance(storage, _Storage):
        raise InvalidInput("a tensor of it has no storage; give a dict of tensors")
    if not (_whole((offset,)) and _whole(shape) and _whole(strides) and len(shape) == len(strides)):
        raise InvalidInput("a tensor of it has an impossible shape; fetch it anew")
    dense = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    if any(length > 1 and stride != want for length, stride, want in zip(shape, strides, dense, strict=True)):
        raise InvalidInput("a tensor of it is not stored row by row; save its contiguous() copy")
    if storage.key not in storages:
        storages[storage.key] = archive.read(f"{root}data/{storage.key}")
    held = np.frombuffer(storages[storage.key], storage.dtype)
    if offset + prod(shape) > len(held):
        raise InvalidInput(f"a tensor of it ends behind its {len(held)} numbers; fetch it anew")
    return held[offset : offset + prod(shape)].reshape(shape)


def _whole(numbers: Any) -> bool:
    return isinstance(numbers, tuple) and all(type(n) is int and n >= 0 for n in numbers)


def _describe(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    """Stands in for ``torch._utils._rebuild_tensor_v2``."""
    return _Tensor(storage, offset, shape, strides)


class _Description(pickle._Unpickler):
    """Knows the three names that a dict of tensors needs, and refuses all others.

    The unpickler of the standard library that is written in Python: the one in C grows its memo to any size
    that a pickle names.
    """

    def find_class(self, module: str, name: str) -> Any:
        """What stands in for a global of the pickle."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _describe
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise InvalidInput(
            f"it asks for {module}.{name}, which no checkpoint of tensors needs; do not trust it"
        )

    def persistent_load(self, pid: Any) -> _Storage:
        """What stands in for a storage: ``("storage", kind, key, device, numbers)``."""
        _, dtype, key, *_ = pid
        if dtype not in _DTYPES.values() or not isinstance(key, str):
            raise InvalidInput("it names a storage of another kind; give a dict of tensors")
        return _Storage(dtype, key)
