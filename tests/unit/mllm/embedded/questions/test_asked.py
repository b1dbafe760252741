"""Which questions are understood, and that no other one is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.images.objects import NAMES
from semvid.mllm.embedded.questions.asked import Asked, Topic, asked
from semvid.mllm.embedded.questions.names import class_of, counted, listed, plural


@pytest.mark.parametrize(
    ("question", "topic", "name"),
    [
        ("How many people are there?", Topic.COUNT, "person"),
        ("how many dogs can you see in the video?", Topic.COUNT, "dog"),
        ("how many wine glasses", Topic.COUNT, "wine glass"),
        ("Is there a dog?", Topic.PRESENCE, "dog"),
        ("is there anybody?", Topic.PRESENCE, "person"),
        ("does the video show a boat?", Topic.PRESENCE, "boat"),
        ("is a car visible?", Topic.PRESENCE, "car"),
        ("Do you see a TV?", Topic.PRESENCE, "tv"),
        ("Where is the cat?", Topic.PLACE, "cat"),
        ("where are the cars in the picture", Topic.PLACE, "car"),
        ("what objects are there?", Topic.THINGS, ""),
        ("what can you see in the video", Topic.THINGS, ""),
        ("What does the video show?", Topic.THINGS, ""),
        ("does the camera move?", Topic.CAMERA_MOVES, ""),
        ("Is the camera still?", Topic.CAMERA_STILL, ""),
        ("which way does the camera move?", Topic.CAMERA, ""),
        ("how many cuts are there", Topic.CUTS, ""),
        ("how many shots are in the video?", Topic.SHOTS, ""),
        ("are there any cuts?", Topic.ANY_CUT, ""),
        ("is it dark?", Topic.DARK, ""),
        ("is the scene bright?", Topic.BRIGHT, ""),
        ("what is the lighting like?", Topic.LIGHT, ""),
        ("what is the main color?", Topic.COLOURS, ""),
        ("what colours are there?", Topic.COLOURS, ""),
        ("is it black and white?", Topic.COLOURLESS, ""),
        ("Is the video in colour?", Topic.COLOURED, ""),
    ],
)
def test_what_is_measured_is_understood(question: str, topic: Topic, name: str) -> None:
    assert asked(question) == Asked(topic, name)


@pytest.mark.parametrize(
    "question",
    [
        "how many people wear hats?",
        "how many people are sitting?",
        "how many wine glasses are on the table?",
        "what colour is the dog?",
        "why is the dog sad?",
        "where is the man?",
        "is there a man in the video",
        "what are they doing?",
        "is the person a doctor",
        "what is the dog?",
        "are there people and dogs?",
        "Wie viele Leute sind da?",
        "does the camera move because of the wind?",
        "?",
    ],
)
def test_what_is_not_measured_is_not_taken_for_something_else(question: str) -> None:
    assert asked(question) is None


@given(st.text(max_size=200))
def test_any_text_is_a_question_or_none(question: str) -> None:
    assert asked(question) is None or isinstance(asked(question), Asked)


@given(st.sampled_from(NAMES), st.sampled_from(["how many {}", "where are the {}?", "are there any {} here"]))
def test_every_class_can_be_asked_about_in_the_plural(name: str, form: str) -> None:
    understood = asked(form.format(plural(name)))
    assert understood is not None
    assert understood.name == name


def test_names() -> None:
    assert class_of("people") == class_of("person") == "person"
    assert class_of("men") is None
    assert plural("bench") == "benches"
    assert [counted(n, "person") for n in (0, 1, 2, 12)] == [
        "no people",
        "one person",
        "two people",
        "12 people",
    ]
    assert [listed(list("abc"[:n])) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
