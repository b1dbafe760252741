from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semvid.images.objects import Thing
from semvid.images.types import Picture
from semvid.mllm.embedded.caption.sentence import MAX_CHARS
from semvid.mllm.embedded.caption.sentence import describe as describe_seen
from semvid.mllm.embedded.caption.things import kinds, named
from semvid.mllm.embedded.comparison import eye, see

EYE = eye()


def describe(frames: Sequence[Picture]) -> str:
    return describe_seen([see(frame, EYE) for frame in frames])


def thing(name: str, left: float, score: float = 0.9, side: float = 0.3) -> Thing:
    return Thing(name, score, left, 0.4, left + side, 0.4 + side)


def pan(wide: Picture, dx: int, dy: int, count: int = 5) -> list[Picture]:
    """Windows of 256 x 144 that wander over ``wide``."""
    x0 = 0 if dx >= 0 else -dx * (count - 1)
    y0 = 0 if dy >= 0 else -dy * (count - 1)
    return [
        np.ascontiguousarray(wide[y0 + i * dy : y0 + i * dy + 144, x0 + i * dx : x0 + i * dx + 256])
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("dx", "dy", "words"),
    [(9, 0, "the camera moves right"), (-9, 0, "the camera moves left"), (0, 9, "the camera moves down"),
     (0, -9, "the camera moves up"), (0, 0, "the camera is still")],
)  # fmt: skip
def test_camera(dx: int, dy: int, words: str, scene: Callable[..., Picture]) -> None:
    assert words in describe(pan(scene(3, 200, 320), dx, dy))


def test_the_view_closes_in(scene: Callable[..., Picture]) -> None:
    zoom = [
        cv2.warpAffine(scene(4), cv2.getRotationMatrix2D((128, 72), 0, 1 + 0.05 * i), (256, 144))
        for i in range(5)
    ]
    assert "the view closes in" in describe(zoom)
    assert "the view widens" in describe([zoom[4], *zoom[3::-1]])


def test_a_moving_region_before_a_still_camera(scene: Callable[..., Picture]) -> None:
    frames = []
    for i in range(5):
        frame = scene(5).copy()
        frame[60:80, 20 + 6 * i : 40 + 6 * i] = scene(6)[60:80, 60:80]
        frames.append(frame)
    assert "the camera is still; a small region on the left moves right" in describe(frames)


def test_stillness(scene: Callable[..., Picture]) -> None:
    assert "hardly anything moves" in describe([scene(1)] * 5)


def test_a_single_frame_says_nothing_of_motion(scene: Callable[..., Picture]) -> None:
    sentence = describe([scene(1)])
    assert "camera" not in sentence
    assert "moves" not in sentence


def test_colours_and_light() -> None:
    picture = np.zeros((144, 256, 3), np.uint8)
    picture[:72] = (60, 120, 220)
    picture[72:] = (40, 150, 50)
    assert "blue above green" in describe([picture])
    picture[90:120, 190:240] = (220, 30, 30)
    assert "with a red area at the bottom right" in describe([picture])
    dark = describe([np.full((90, 160, 3), 20, np.uint8)])
    assert dark.startswith("A dark, low-contrast, black-and-white scene")
    assert describe([np.full((90, 160, 3), 240, np.uint8)]).startswith("A bright, low-contrast")


@settings(max_examples=10, deadline=None)
@given(st.data(), st.integers(1, 40), st.integers(1, 40), st.integers(1, 5))
def test_any_frames_give_one_short_sentence(data: st.DataObject, height: int, width: int, count: int) -> None:
    sentence = describe([data.draw(arrays(np.uint8, (height, width, 3))) for _ in range(count)])
    assert len(sentence) <= MAX_CHARS
    assert sentence.isascii()
    assert sentence[0].isupper()
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ([[thing("dog", 0.35)]] * 5, "a dog, in the middle"),
        ([[thing("dog", 0.2, side=0.5)]] * 5, "a dog, large, in the middle"),
        ([[thing("dog", 0.0, side=0.1), thing("dog", 0.5, side=0.1)]] * 5, "two dogs, small"),
        ([[thing("person", 0.2 * i, side=0.15) for i in range(5)]] * 3, "several people"),
        ([[thing("person", 0.1), thing("cup", 0.7, side=0.1)]] * 5, "a person, on the left, with a cup"),
    ],
)
def test_things_are_named_with_number_size_and_place(seen: list[list[Thing]], words: str) -> None:
    assert named(kinds(seen)) == words


def test_what_wavers_is_not_named() -> None:
    once = [[thing("dog", 0.3)], [], [], [], []]
    unsure = [[thing("dog", 0.3, score=0.55)]] * 5
    assert kinds(once) == kinds(unsure) == []
    wavering = [[thing("dog", 0.3, score=0.8)]] * 3 + [[thing("cat", 0.3, score=0.7)]] * 2
    assert [kind.name for kind in kinds(wavering)] == ["dog"]
    doubted = [[thing("person", 0.0), thing("person", 0.6, score=0.5)]] * 5
    assert [(kind.name, kind.count) for kind in kinds(doubted)] == [("person", 1)]


@pytest.mark.parametrize(
    ("name", "true", "false"),
    [
        ("film_bw_dialogue", ["people", "black and white"], ["blue", "moves left", "moves right"]),
        ("talking_head_foreman_cif", ["A person, large"], ["black and white", "camera is still"]),
        ("screen_pdf_scroll", ["page or screen", "bright"], ["face", "person"]),
        ("asl_yes", ["A person, large, in the middle", "camera is still"], ["pan", "two"]),
        ("animal_dog_eating", ["A dog, large, in the middle", "camera is still"], ["face", "blue"]),
        ("static_bottles", ["Three bottles", "camera is still"], ["face", "person"]),
        ("landscape_boat_river", ["A boat"], ["car", "person"]),
        ("traffic_motorway_768", ["cars"], ["boat", "bird"]),
    ],
)
def test_real_clips_are_described_truthfully(
    name: str, true: list[str], false: list[str], frames: Callable[..., Iterator[Picture]]
) -> None:
    start = [picture for _, picture in zip(range(5), frames(name, 10), strict=False)]
    sentence = describe(start)
    assert all(words in sentence for words in true), sentence
    assert not any(words in sentence for words in false), sentence
