from __future__ import annotations

import enum
import inspect
from pathlib import Path
from typing import Any, get_args

import pytest

from console import cli
from console.flags import given, option_flags
from semvid.channel_options import ChannelOptions
from semvid.errors import InvalidInput
from semvid.impairments import Impairment
from semvid.options import TransmissionOptions


@option_flags(without=("seed",), defaults={"snr_db": 3.0})
def command(options: dict[str, Any], name: str = "x") -> None:
    raise AssertionError(options, name)


def test_every_option_is_a_flag_of_send_and_demo() -> None:
    names = {*TransmissionOptions.model_fields, *ChannelOptions.model_fields}
    names -= {"model", "snr_trace"}
    for function in (cli.send, cli.demo):
        assert names <= set(inspect.signature(function).parameters)


def test_a_flag_has_the_kind_and_the_range_of_its_field() -> None:
    parameters = inspect.signature(command).parameters
    assert next(iter(parameters)) == "name"
    assert "seed" not in parameters
    assert parameters["snr_db"].default == 3.0
    kind, option = get_args(parameters["snr_db"].annotation)
    assert kind == float | None
    assert (option.default, option.min, option.max) == ("--snr-db", -30, 60)
    assert get_args(parameters["channel"].annotation)[0] == str | None
    assert get_args(parameters["mcs"].annotation)[0] == str | None
    flags = {name: get_args(p.annotation)[1].default for name, p in parameters.items() if name != "name"}
    assert flags["segment_s"] == "--segment"
    assert flags["candidate_spacing_s"] == "--candidate-spacing"
    assert flags["channel"] == "--channel"


def test_every_flag_is_explained() -> None:
    for name, parameter in inspect.signature(command).parameters.items():
        if name != "name":
            assert len(get_args(parameter.annotation)[1].help) > 8, name


def test_given_leaves_defaults_to_the_service() -> None:
    assert given(quality=None, seed=0, threshold=None) == {"seed": 0}
    assert given(snr_db=5, channel=Impairment.RICIAN) == {"channel": {"model": "rician", "snr_db": 5.0}}
    assert not any(isinstance(v, enum.Enum) for v in given(focus="background", coding="intra").values())


def test_a_task_is_a_file_with_a_question_a_line(tmp_path: Path) -> None:
    kind, option = get_args(inspect.signature(command).parameters["task"].annotation)
    assert kind == Path | None
    assert "a file with one a line" in option.help
    (tmp_path / "questions.txt").write_text("how many dogs are there?\n\n  is it dark?\n")
    assert given(task=tmp_path / "questions.txt") == {"task": ["how many dogs are there?", "is it dark?"]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "--task: .*questions.txt cannot be read: No such file"),
        (b"\xff\xfe", "it is no text in UTF-8"),
        (b"\n", "--task: .* at least 1 item"),
        (b"why?\n" + b"a" * 201, "--task, entry 2: .* at most 200 characters"),
    ],
)
def test_files_that_are_no_task(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "questions.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match=told):
        given(task=path)


def test_a_trace_is_read_where_it_is_named(tmp_path) -> None:
    (tmp_path / "a+b.csv").write_text("time_s,snr_db\n0,5\n0.5,-3\n")
    assert given(channel=f"rayleigh+trace:{tmp_path / 'a+b.csv'}") == {
        "channel": {"model": "rayleigh+trace", "snr_trace": [[0.0, 5.0], [0.5, -3.0]]}
    }
    with pytest.raises(InvalidInput, match=r"no\.csv: No such file"):
        given(channel=f"trace:{tmp_path / 'no.csv'}")
    with pytest.raises(InvalidInput, match="--channel: no channel model"):
        given(channel="rice")


@pytest.mark.parametrize(("text", "value"), [("auto", "auto"), ("0", 0), ("27", 27)])
def test_mcs(text: str, value: int | str) -> None:
    assert given(mcs=text) == {"mcs": value}


@pytest.mark.parametrize("text", ["28", "-1", "1.5", "", "AUTO", "٣"])
def test_mcs_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"--mcs: must be auto or a row 0\.\.27"):
        given(mcs=text)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"quality": 30, "target_cbr": 1e-4}, "--quality and --target-cbr: each decides the other"),
        ({"keyframe_method": "skim"}, "--keyframe-method skim needs .* add --keyframe-count"),
        ({"segment_s": 2}, "--segment belongs to --keyframe-method first-frame or text-only"),
        (
            {"keyframe_method": "text-only", "quality": 40},
            "text-only .* leave --quality out",
        ),
        ({"candidate_spacing_s": 11.0}, r"--candidate-spacing: .*10, got 11\.0"),
        ({"target_cbr": float("nan")}, "--target-cbr: .*, got nan"),
        ({"snr_db": 61}, "--snr-db: .*60, got 61"),
    ],
)
def test_what_is_wrong_is_told_with_its_flag_and_value(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        given(**options)
