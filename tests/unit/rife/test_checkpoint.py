"""Checkpoints of tensors are read as torch reads them; everything else is refused, and nothing of it runs."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from semvid.errors import InvalidInput
from semvid.rife import checkpoint as module
from semvid.rife.checkpoint import read_checkpoint
from tests.models.tiny_rife import saved, tiny_checkpoint, tiny_rife

SMALL = saved({"a": torch.arange(6.0).reshape(2, 3)})


def with_pickle(content: bytes, original: bytes = SMALL) -> bytes:
    """``original`` with another pickle in it."""
    return with_member("data.pkl", content, original)


def with_member(name: str, content: bytes, original: bytes = SMALL) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(original)) as old, zipfile.ZipFile(written, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, content if entry.endswith(f"/{name}") else old.read(entry))
    return written.getvalue()


def pickle_of(original: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(original)) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("/data.pkl")))


def test_every_tensor_comes_out_as_torch_wrote_it() -> None:
    expected = tiny_rife().state_dict()
    read = read_checkpoint(tiny_checkpoint())
    assert read.keys() == expected.keys()
    for name, weight in expected.items():
        np.testing.assert_array_equal(read[name], weight.numpy(), err_msg=name)


def test_kinds_views_and_ordered_dicts() -> None:
    whole = torch.arange(12, dtype=torch.float32)
    content = torch.nn.Module().state_dict()  # an OrderedDict with attributes of torch's
    content |= {
        "half": torch.tensor([1.5, -2], dtype=torch.float16),
        "double": torch.tensor(0.1, dtype=torch.float64),
        "whole": torch.tensor([[1], [2**40]]),
        "second row": whole.reshape(3, 4)[1:],
        "empty": torch.zeros(0, 3),
    }
    read = read_checkpoint(saved(content))
    assert read.keys() == content.keys()
    for name, tensor in content.items():
        np.testing.assert_array_equal(read[name], tensor.numpy(), err_msg=name)
        assert read[name].dtype == tensor.numpy().dtype
    with pytest.raises(ValueError, match="read-only"):
        read["half"][0] = 1


class Runs:
    """Unpickled, it calls a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


def test_a_pickle_that_would_run_something_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    for harmful in (Runs(os.system, f"touch {proof}"), Runs(open, str(proof), "w"), Runs(eval, "1")):
        for protocol in (0, 2, 4):
            hostile = with_pickle(pickle.dumps({"a": harmful}, protocol))
            with pytest.raises(InvalidInput, match=r"theirs\.pkl: it asks for .*do not trust it"):
                read_checkpoint(hostile, "theirs.pkl")
    assert not proof.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([torch.zeros(1)], "list where a dict"),
        ({"a": 1.0}, "'a' is no tensor"),
        ({1: torch.zeros(1)}, "'1' is no tensor"),
        ({"a": torch.zeros(2, 3).T}, "row by row"),
        ({"a": torch.zeros(3, dtype=torch.bool)}, "torch.BoolStorage"),
        ({"a": torch.zeros(3).to_sparse()}, "_rebuild_sparse"),
    ],
)
def test_what_is_no_dict_of_dense_tensors_is_refused(content: Any, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_checkpoint(saved(content))


def test_a_tensor_that_reaches_beyond_its_storage_is_refused() -> None:
    honest = pickle_of(SMALL)
    longer = honest.replace(b"K\x02K\x03\x86", b"K\x7fK\x03\x86")  # its shape: 2 x 3, then 127 x 3
    assert longer != honest
    with pytest.raises(InvalidInput, match="ends behind its 6 numbers"):
        read_checkpoint(with_pickle(longer))


def test_a_shape_that_is_none_is_refused() -> None:
    negative = pickle_of(SMALL).replace(b"K\x02K\x03\x86", b"J\xff\xff\xff\xffK\x03\x86")
    with pytest.raises(InvalidInput, match="impossible shape"):
        read_checkpoint(with_pickle(negative))


def test_other_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match=r"x\.pkl is not a checkpoint"):
        read_checkpoint(b"no archive", "x.pkl")
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(InvalidInput, match=r"no data\.pkl"):
        read_checkpoint(empty.getvalue())
    with pytest.raises(InvalidInput, match="big-endian"):
        read_checkpoint(with_member("byteorder", b"big"))
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(InvalidInput, match="at most 100 are read"):
        read_checkpoint(SMALL)


@given(st.integers(0, len(SMALL) - 1))
def test_a_truncated_file_is_refused(length: int) -> None:
    with pytest.raises(InvalidInput, match=r"fetch it anew|data\.pkl"):
        read_checkpoint(SMALL[:length])


@given(st.data())
def test_a_damaged_pickle_gives_tensors_or_one_sentence(data: st.DataObject) -> None:
    whole = bytearray(pickle_of(SMALL))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    only_tensors_or_refused(with_pickle(bytes(whole)))


@given(st.binary(max_size=200))
@example(b"\x80\x02r\xff\xff\xff\x7f.")  # a place of the memo that would take gigabytes
@example(b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f.")  # as large an array of bytes
@example(b"\x80\x02}q\x00h\x00h\x00s.")  # a dict with itself as a key
def test_any_pickle_gives_tensors_or_one_sentence(content: bytes) -> None:
    only_tensors_or_refused(with_pickle(content))


def only_tensors_or_refused(content: bytes) -> None:
    try:
        read = read_checkpoint(content)
    except InvalidInput:
        return
    assert all(type(array) is np.ndarray and array.dtype.kind in "fi" for array in read.values())
