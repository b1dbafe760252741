from __future__ import annotations

import json

import pytest

from semvid.errors import InvalidInput
from transmitter.options import parse_options
from transmitter.settings import TransmitterSettings


def test_defaults_are_the_papers() -> None:
    options = parse_options("")
    assert (options.keyframe_method, options.threshold, options.candidate_spacing_s) == ("skem", 0.35, 0.2)
    assert (options.mcs, options.retransmissions, options.quality, options.target_cbr) == (
        "auto",
        2,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"threshold": 2}', "threshold"),
        ('{"treshold": 0.3}', "treshold"),
        ('{"quality": 40, "target_cbr": 1e-3}', "give one of them"),
        ('{"keyframe_method": "skim"}', "keyframe_count"),
        ('{"keyframe_count": 4}', "keyframe_count"),
        ('{"mcs": 28}', "mcs"),
        ('{"mcs": "fast"}', "mcs"),
        ('{"channel": {"snr_db": 100}}', "snr_db"),
        ("not json", "JSON"),
        ("[]", "object"),
    ],
)
def test_wrong_options_name_the_field(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        parse_options(text)


def test_the_service_chooses_the_model_where_the_caller_does_not() -> None:
    assert parse_options("{}", "hf:some/model").mllm == "hf:some/model"
    assert parse_options('{"mllm": "embedded"}', "hf:some/model").mllm == "embedded"
    assert parse_options('{"mllm": "hf:some/model"}', "hf:some/model").mllm == "hf:some/model"


@pytest.mark.parametrize(
    ("name", "allowed", "ok"),
    [
        ("openai:http://169.254.169.254/latest#x", (), False),
        ("hf:/etc", (), False),
        ("hf:nobody/model", (), False),
        ("hf:Qwen/Qwen3", ("hf:Qwen/*", "openai:http://gpu:8000/*"), True),
        ("openai:http://gpu:8000/v1#any", ("hf:Qwen/*", "openai:http://gpu:8000/*"), True),
        ("openai:http://elsewhere/v1#any", ("hf:Qwen/*", "openai:http://gpu:8000/*"), False),
        ("openai:http://gpu:80001/#m", ("hf:Qwen/*", "openai:http://gpu:8000/*"), False),
        ("hf:anything", ("*",), True),
    ],
)
def test_a_request_names_only_models_that_the_operator_listed(
    name: str, allowed: tuple[str, ...], ok: bool
) -> None:
    text = json.dumps({"mllm": name})
    if ok:
        assert parse_options(text, allowed=allowed).mllm == name
        return
    with pytest.raises(InvalidInput, match="SEMVID_TRANSMITTER_MLLM_ALLOWED"):
        parse_options(text, allowed=allowed)


def test_the_list_comes_from_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TransmitterSettings.load().mllm_allowed == ()
    monkeypatch.setenv("SEMVID_TRANSMITTER_MLLM_ALLOWED", "hf:Qwen/*, openai:http://gpu:8000/*")
    assert TransmitterSettings.load().mllm_allowed == ("hf:Qwen/*", "openai:http://gpu:8000/*")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"segment_s": 2}', "segment_s belongs to"),
        ('{"keyframe_method": "text-only", "quality": 40}', "leave option quality out"),
        (
            '{"keyframe_method": "text-only", "target_cbr": 1e-4}',
            "cannot aim at a CBR",
        ),
        (
            '{"keyframe_method": "first-frame", "target_cbr": 1e-4}',
            "cannot aim at a CBR",
        ),
        ('{"keyframe_method": "first-frame", "segment_s": 0}', "segment_s"),
        ('{"keyframe_method": "first-frame", "search": "gallop"}', "asks about every candidate"),
    ],
)
def test_open_ended_methods_refuse_what_they_cannot_do(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_options(text)
