"""Answers from known pictures: what is there, what is not, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from semvid.answers import NOT_MEASURED, Outcome
from semvid.images.objects import Thing
from semvid.images.types import Picture
from semvid.mllm.embedded.model import Embedded
from semvid.mllm.embedded.questions import evidence
from semvid.mllm.embedded.questions.answers import answers
from semvid.mllm.embedded.questions.evidence import SAMPLES, Evidence

BOX = {"left": 0.0, "top": 0.4, "right": 0.2, "bottom": 0.6}


def flat(level: int) -> Picture:
    return np.full((90, 160, 3), level, np.uint8)


@pytest.fixture
def shows(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Picture]]:
    """``shows(things, ...)``: a frame for each argument, in which the detector finds just that."""

    def frames(*samples: list[Thing]) -> list[Picture]:
        left = iter(samples)
        monkeypatch.setattr(evidence, "_detector", lambda: lambda _: tuple(next(left)))
        return [flat(100)] * len(samples)

    return frames


def thing(name: str, score: float = 0.8, **box: float) -> Thing:
    return Thing(name, score, **{**BOX, **box})


def test_things_are_counted_as_they_are_seen_at_once(shows: Callable[..., list[Picture]]) -> None:
    person = thing("person", 0.75)
    frames = shows([person], [person, person], [person, person], [])
    (count,) = answers(frames, ["how many people are there?"])
    assert count.text == "two people"
    assert count.sure == pytest.approx(0.75 * 2 / 3)


def test_what_is_seen_once_is_no_thing_that_is_there(shows: Callable[..., list[Picture]]) -> None:
    frames = shows([thing("dog", 0.7)], *[[]] * 7)
    present, count, where = answers(
        frames, ["is there a dog?", "how many dogs are there?", "where is the dog?"]
    )
    assert (present.text, count.text, where.text) == ("no", "no dogs", "there is no dog")
    assert present.sure == count.sure == where.sure == pytest.approx(0.3)


def test_a_hint_makes_an_absence_less_sure_and_nothing_else(shows: Callable[..., list[Picture]]) -> None:
    frames = shows(*[[thing("dog", 0.35)]] * 4)
    present, cat = answers(frames, ["is there a dog?", "is there a cat?"])
    assert (present.text, present.sure) == ("no", pytest.approx(0.65))
    assert (cat.text, cat.sure) == ("no", pytest.approx(0.9))


def test_the_largest_is_placed_where_it_mostly_is(shows: Callable[..., list[Picture]]) -> None:
    left, right = thing("dog"), thing("dog", left=0.8, right=0.95)
    frames = shows([left], [left, right], [right])
    (where,) = answers(frames, ["where is the dog?"])
    assert (where.text, where.sure) == ("on the left", pytest.approx(0.8 * 2 / 3))


def test_things_are_listed_the_largest_first(shows: Callable[..., list[Picture]]) -> None:
    large, small = thing("car", right=0.9), thing("person")
    frames = shows(*[[small, large, small]] * 3)
    (things,) = answers(frames, ["what objects are there?"])
    assert things.text == "a car and two people"
    (nothing,) = answers(shows([], []), ["what objects are there?"])
    assert (nothing.text, nothing.sure) == ("nothing that has a name here", pytest.approx(0.9))


def test_camera(scene: Callable[..., Picture]) -> None:
    wide = scene(3, 200, 520)
    panned = [wide[:, 8 * i : 8 * i + 256] for i in range(SAMPLES)]
    still = [wide[:, :256]] * SAMPLES
    questions = ["does the camera move?", "is the camera still?", "what does the camera do?"]
    assert [a.text for a in answers(panned, questions)] == ["yes", "no", "the camera moves right"]
    told = answers(still, questions)
    assert [a.text for a in told] == ["no", "yes", "the camera is still"]
    assert {a.sure for a in told} == {1.0}


def test_shots_of_which_nothing_can_be_told_make_the_others_less_sure(scene: Callable[..., Picture]) -> None:
    frames = [scene(1, 144, 256)] * 12 + [scene(20 + n, 144, 256) for n in range(12)]  # a cut at each
    camera, still = answers(frames, ["what does the camera do?", "is the camera still?"])
    assert (camera.text, camera.sure) == ("the camera is still", 0.5)
    assert (still.text, still.sure) == ("yes", 0.5)
    (not_told,) = answers(frames[12:], ["does the camera move?"])
    assert (not_told.text, not_told.sure) == ("that cannot be told from the pictures", None)


def test_cuts_part_the_shots_and_nothing_is_measured_across_them(scene: Callable[..., Picture]) -> None:
    frames = [scene(1, 144, 256)] * 12 + [scene(2, 144, 256)] * 12
    cuts, shots, any_cut, camera = answers(
        frames, ["how many cuts are there?", "how many shots?", "is there a cut?", "what does the camera do?"]
    )
    assert (cuts.text, shots.text, any_cut.text) == ("one cut", "two shots", "yes")
    assert cuts.sure is None
    assert camera.text == "the camera is still"
    assert [len(shot) for shot in Evidence(frames).shots] == [12, 12]


def test_light_and_colours() -> None:
    questions = [
        "is it dark?",
        "is it bright?",
        "how bright is it?",
        "is it black and white?",
        "is it in colour?",
    ]
    dark = answers([flat(20)] * 4, questions)
    assert [a.text for a in dark] == ["yes", "no", "dark, low-contrast, black-and-white", "yes", "no"]
    blue = flat(0)
    blue[..., 2] = 250
    (colour,) = answers([blue] * 4, ["which colour is it?"])
    assert (colour.text, colour.sure) == ("mostly blue", 1.0)
    (none,) = answers([flat(128)] * 4, ["which colours are there?"])
    assert none.text == "none prevails"


def test_how_sure_light_is_is_the_share_of_the_frames_that_agree() -> None:
    (dark,) = answers([*[flat(10)] * 3, flat(240)], ["is it dark?"])
    assert (dark.text, dark.sure) == ("yes", 0.75)


def test_what_is_not_measured_is_refused_and_the_video_not_even_read() -> None:
    def frames() -> Iterator[Picture]:
        raise AssertionError("nothing of the video is needed")
        yield

    assert Embedded().answer(frames(), ["why?", "who is this?"]) == [NOT_MEASURED] * 2


def test_a_refusal_beside_an_answer() -> None:
    why, cuts = Embedded().answer(iter([flat(9)] * 3), ["why?", "how many cuts are there?"])
    assert why.outcome is Outcome.OUTSIDE
    assert cuts.text == "no cuts"


def test_a_real_clip(frames: Callable[..., Iterator[Picture]]) -> None:
    dog, camera = answers(
        frames("animal_dog_eating", 8), ["how many dogs are there?", "is the camera still?"]
    )
    assert (dog.text, camera.text) == ("one dog", "yes")
