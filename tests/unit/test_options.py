from __future__ import annotations

import pytest
from pydantic import ValidationError

from channel.models import MODELS
from semvid.channel_options import ChannelOptions
from semvid.impairments import NOT_FADING, Impairment
from semvid.options import QuestionOptions, TransmissionOptions, refusal
from semvid.waveform import SINGLE_CARRIER, Ofdm


def test_the_channel_names_are_those_of_the_channels_models() -> None:
    assert set(Impairment) - NOT_FADING == set(MODELS)


def test_a_waveform_has_its_numbers_and_no_other_has_them() -> None:
    assert TransmissionOptions().signal == SINGLE_CARRIER
    assert TransmissionOptions(waveform="ofdm").signal == Ofdm(0, 6)
    assert TransmissionOptions(waveform="ofdm", numerology=2, resource_blocks=1).signal == Ofdm(2, 1)
    with pytest.raises(ValidationError, match="`numerology` belongs to `waveform` ofdm"):
        TransmissionOptions(numerology=1)


def test_every_option_says_what_it_means() -> None:
    for model in (TransmissionOptions, ChannelOptions, QuestionOptions):
        for name, field in model.model_fields.items():
            assert field.description or name == "channel", name


def test_the_schema_lists_choices_and_ranges() -> None:
    schema = TransmissionOptions.model_json_schema()
    assert schema["$defs"]["Focus"]["enum"] == ["general", "main_object", "background"]
    row, auto = schema["properties"]["mcs"]["anyOf"]
    assert (row["minimum"], row["maximum"], auto["const"]) == (0, 27, "auto")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"threshold": 2}, "<threshold>: Input should be less than or equal to 1, got 2"),
        ({"channel": {"snr_db": 61}}, "<channel.snr_db>: Input should be less than or equal to 60, got 61"),
        (
            {"channel": {"model": "x"}},
            f"<channel.model>: no channel model 'x'; there are {', '.join(Impairment)}, and chains of them "
            "as tdl-a+cfo, got 'x'",
        ),
        (
            {"channel": {"model": "trace:/etc/passwd"}},
            "<channel.model>: no channel model 'trace:/etc/passwd'; there are "
            f"{', '.join(Impairment)}, and chains of them as tdl-a+cfo, got 'trace:/etc/passwd'",
        ),
        (
            {"channel": {"model": "trace", "snr_trace": [[1, 5], [0, 5]]}},
            "<channel.snr_trace>: SNR trace, point 1: times begin at 0 s or later and grow, got 0, "
            "got [[1, 5], [0, 5]]",
        ),
        ({"mcs": 28}, "<mcs>: must be auto or a row 0..27 of TS 38.214 Table 5.1.3.1-2, got 28"),
        ({"task": []}, "<task>: Tuple should have at least 1 item after validation, not 0, got []"),
        (
            {"task": ["why?"], "quality": 30},
            "<task> sends answers, no picture and no sound; leave <quality> out",
        ),
        (
            {"task": ["why?"], "sound": "opus"},
            "<task> sends answers, no picture and no sound; leave <sound> out",
        ),
        (
            {"task": ["why?"], "hdr": "keep"},
            "<task> sends answers, no picture and no sound; leave <hdr> out",
        ),
        (
            {"coding": "tokens", "hdr": "keep"},
            "<coding> tokens has no use for <hdr>: its model knows pictures of BT.709 alone; leave it out",
        ),
        (
            {"coding": "portrait", "hdr": "keep"},
            "<coding> portrait has no use for <hdr>: faces are found in pictures of BT.709; leave it out",
        ),
        (
            {"keyframe_method": "text-only", "hdr": "keep"},
            "<keyframe_method> text-only sends no picture, and what is drawn from words is of BT.709; leave "
            "<hdr> out",
        ),
        ({"keyframe_count": 4}, "<keyframe_count> belongs to <keyframe_method> skim"),
        ({"token_share": 0.5}, "<token_share> belongs to <coding> tokens"),
        (
            {"coding": "portrait", "keyframe_method": "first-frame"},
            "<coding> portrait has no use for <keyframe_method>: its keyframes are chosen by faces; leave it "
            "out",
        ),
        (
            {"coding": "portrait", "target_cbr": 1e-3},
            "<coding> portrait has no use for <target_cbr>: it cannot aim at one; <quality> and how much a "
            "face moves decide the rate; leave it out",
        ),
        (
            {"coding": "portrait", "latency_s": 1},
            "<coding> portrait has no use for <latency_s>: what is shown waits for the next portrait, up to "
            "ten seconds; leave it out",
        ),
        (
            {"coding": "tokens", "quality": 40},
            "<coding> tokens has no use for <quality>: it is that of AV1, and <token_share> says how many "
            "are sent; leave it out",
        ),
        (
            {"coding": "tokens", "target_cbr": 1e-3},
            "<coding> tokens has no use for <target_cbr>: tokens cannot aim at one; <token_share> and how "
            "many keyframes there are decide the rate; leave it out",
        ),
        (
            {"coding": "tokens", "deadline_s": 1},
            "<coding> tokens has no use for <deadline_s>: none are left out for being late; leave it out",
        ),
        (
            {"coding": "tokens", "latency_s": 1},
            "<coding> tokens has no use for <latency_s>: none are left out for being late; leave it out",
        ),
        (
            {"coding": "tokens", "coding_time": 2},
            "<coding> tokens has no use for <coding_time>: it is that of AV1; leave it out",
        ),
        (
            {"coding": "tokens", "keyframe_method": "text-only"},
            "<keyframe_method> text-only sends no picture; leave <coding> out",
        ),
        (
            {"coding": "jscc", "keyframe_method": "text-only"},
            "<keyframe_method> text-only sends no picture; leave <coding> out",
        ),
        (
            {"coding": "jscc", "quality": 50},
            "<quality> is AV1's, and <coding> jscc has none: its pictures are as good as the link; leave "
            "<quality> out, or say by <target_cbr> what they may cost",
        ),
        (
            {"coding": "jscc", "mcs": 9},
            "<mcs> is of keyframes with bits; leave it out with <coding> jscc",
        ),
        (
            {"coding": "jscc", "coding_time": 2},
            "<coding_time> is of keyframes with bits; leave it out with <coding> jscc",
        ),
        *(
            (
                {"coding": "jscc", late: 1, "channel": {"symbol_rate_hz": 20e3}},
                f"<{late}> leaves out what would be late, and <coding> jscc sends a keyframe in one piece; "
                "take <coding> low-delay or intra",
            )
            for late in ("deadline_s", "latency_s")
        ),
    ],
)
def test_a_refusal_spells_options_as_its_reader_does(options: dict, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TransmissionOptions.model_validate(options)
    assert str(refusal(caught.value, "<{}>".format)) == told


@pytest.mark.parametrize("question", ["", "  ", "a\nb", "a" * 201, "\x00"])
def test_a_question_is_one_line_that_says_something(question: str) -> None:
    with pytest.raises(ValidationError):
        QuestionOptions(question=question)
    with pytest.raises(ValidationError):
        TransmissionOptions(task=[question])


def test_a_task_survives_being_stored() -> None:
    """A job is read from the database with every option spelled out."""
    options = TransmissionOptions(task=["how many dogs are there?"], seed=3)
    assert TransmissionOptions.model_validate_json(options.model_dump_json()) == options
