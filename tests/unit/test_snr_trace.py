from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput, SemvidError
from semvid.snr_trace import MAX_BYTES, MAX_POINTS, checked_trace, read_trace, with_trace


def _file(folder: Path, content: str | bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        "0,5\n1.5,-3\n",
        "time_s,snr_db\n0,5\n1.5,-3",
        "\ufeff0 , 5\r\n\r\n1.5, -3 # tunnel\n# end\n",
        "t,x\n0,5\n15e-1,-3.0",
    ],
)
def test_a_trace_is_read(tmp_path: Path, content: str) -> None:
    assert read_trace(_file(tmp_path, content)) == ((0.0, 5.0), (1.5, -3.0))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no points"),
        ("time,snr\n", "no points"),
        ("0,5\n1;3\n", "line 2: '1;3' is not two numbers"),
        ("0,abc\n1,3\n", "line 1: '0,abc' is not two numbers"),
        ("t,s\nu,v\n", "line 2: 'u,v' is not two numbers"),
        ("0,5,6\n", "line 1: '0,5,6' is not two numbers"),
        ("0,5\n\n1,99\n", "line 3: an SNR lies in -30..60 dB, got 99"),
        ("0,nan\n", "line 1: an SNR lies in"),
        ("1,5\n1,4\n", "line 2: times begin at 0 s or later and grow, got 1"),
        ("-1,5\n", "line 1: times begin at 0 s"),
        ("inf,5\n", "line 1: times begin at 0 s"),
        (b"\xff\xfe0,5", "not UTF-8"),
        (
            "\n".join(f"{n},1" for n in range(MAX_POINTS + 1)),
            f"line {MAX_POINTS + 1}: a trace has at most 4096",
        ),
        ("#" * (MAX_BYTES + 1), "more than 1048576 bytes"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(SemvidError, match=says) as caught:
        read_trace(_file(tmp_path, content))
    assert str(caught.value).startswith("SNR trace")
    assert str(tmp_path) not in str(caught.value)


def test_the_largest_trace_is_read(tmp_path: Path) -> None:
    assert len(read_trace(_file(tmp_path, "\n".join(f"{n},1" for n in range(MAX_POINTS))))) == MAX_POINTS


@given(st.text(max_size=60))
def test_any_text_is_a_trace_or_refused(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(content, encoding="utf-8", errors="surrogatepass")
    with suppress(SemvidError):
        assert checked_trace(read_trace(path))


def test_a_model_may_name_a_file(tmp_path: Path) -> None:
    path = _file(tmp_path, "0,5")
    assert with_trace(f"tdl-a+trace:{path}") == ("tdl-a+trace", ((0.0, 5.0),))
    assert with_trace("tdl-a+cfo") == ("tdl-a+cfo", None)
    assert with_trace("xtrace:y") == ("xtrace:y", None)
    with pytest.raises(InvalidInput, match="Is a directory"):
        with_trace("trace:")
