from __future__ import annotations

import pytest

from semvid.errors import InvalidInput
from transmitter.options import parse_options


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
