import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.data import chelsea
from skimage.data import coffee as data_coffee

from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.mllm.embedded.comparison import INPUTS, Comparison, eye
from semvid.mllm.embedded.measurements import measure
from semvid.mllm.embedded.model import COEFFICIENTS, LEAST_MASS, Embedded, load_models
from semvid.mllm.embedded.views import view
from semvid.mllm.library import load
from semvid.options import Focus
from semvid.psss import differs
from tests.unit.conftest import textured

EYE = eye()


def ask(first: Picture, second: Picture, focus: Focus = Focus.GENERAL) -> float:
    return Embedded(EYE).compare(first, [second], focus)[0].s_rel


def with_object(picture: Picture, x: int) -> Picture:
    changed = picture.copy()
    cv2.rectangle(changed, (x, 30), (x + 60, 130), (230, 40, 30), -1)
    cv2.circle(changed, (x + 30, 60), 20, (250, 240, 90), -1)
    return changed


def test_the_registry_knows_what_it_offers() -> None:
    assert load("embedded").name == "embedded"
    with pytest.raises(InvalidInput, match=r'no multimodal model "gpt".*embedded'):
        load("gpt:x")
    with pytest.raises(InvalidInput, match="takes no argument"):
        load("embedded:large")


@pytest.mark.parametrize("focus", list(Focus))
def test_same_and_different(focus: Focus, scene: Callable[..., Picture]) -> None:
    noisy = np.clip(scene(1) + np.random.default_rng(0).normal(0, 2, scene(1).shape), 0, 255).astype(np.uint8)
    assert ask(scene(1), scene(1), focus) < -0.9
    assert ask(scene(1), noisy, focus) < -0.7
    assert ask(scene(1), scene(2), focus) > 0.5


def test_a_moved_object_is_the_object_and_not_the_background(scene: Callable[..., Picture]) -> None:
    first, second = with_object(scene(1), 30), with_object(scene(1), 160)
    thing, background = ask(first, second, Focus.MAIN_OBJECT), ask(first, second, Focus.BACKGROUND)
    assert thing > 0.35
    assert background < 0.0
    assert thing - background > 0.6  # the published pairs differ by 0.41 to 0.82


def test_lighting_is_background_and_not_the_object(scene: Callable[..., Picture]) -> None:
    first = with_object(scene(1), 100)
    second = (first * 0.6).astype(np.uint8)
    assert ask(first, second, Focus.BACKGROUND) > 0.35
    assert ask(first, second, Focus.MAIN_OBJECT) < 0.0


def test_the_camera_is_found_and_taken_out(scene: Callable[..., Picture]) -> None:
    wide = scene(1, 200, 320)
    first, second = wide[20:164, 20:276], wide[32:176, 44:300]
    values = measure(view(np.ascontiguousarray(first)), view(np.ascontiguousarray(second)))
    assert values.unregistered < 0.4
    assert values.foreground < 0.02
    assert values.camera == pytest.approx(1 - (256 - 24) * (144 - 12) / (256 * 144), abs=0.03)


def test_what_shows_nothing_carries_less_mass(scene: Callable[..., Picture]) -> None:
    model = Embedded(EYE)
    grey = np.full((90, 160, 3), 100, np.uint8)
    assert model.compare(grey, [grey], Focus.GENERAL)[0].mass == pytest.approx(LEAST_MASS)
    assert model.compare(scene(1), [scene(2)], Focus.GENERAL)[0].mass == pytest.approx(1.0)


def test_a_black_picture_after_a_scene_differs(scene: Callable[..., Picture]) -> None:
    assert ask(scene(1), np.zeros_like(scene(1))) > 0.35


def test_answers_do_not_depend_on_company_or_history(scene: Callable[..., Picture]) -> None:
    model = Embedded(EYE)
    candidates = [scene(i, 90, 160) for i in range(2, 6)]
    together = model.compare(scene(1, 90, 160), candidates, Focus.GENERAL)
    alone = [Embedded(EYE).compare(scene(1, 90, 160), [one], Focus.GENERAL)[0] for one in candidates]
    again = model.compare(scene(1, 90, 160), candidates, Focus.GENERAL)
    assert together == alone == again


def test_a_picture_changed_in_place_is_looked_at_anew(scene: Callable[..., Picture]) -> None:
    model = Embedded(EYE)
    buffer = scene(1).copy()
    model.compare(buffer, [scene(1)], Focus.GENERAL)
    buffer[:] = scene(2)
    assert model.compare(buffer, [scene(1)], Focus.GENERAL)[0].s_rel > 0.35


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 40), st.integers(1, 40))
def test_any_two_pictures_get_a_valid_answer(data: st.DataObject, height: int, width: int) -> None:
    pictures = arrays(np.uint8, (height, width, 3))
    values = measure(view(data.draw(pictures)), view(data.draw(pictures)))
    assert all(np.isfinite(value) and 0 <= value <= 1 for value in values), values


def test_what_is_no_picture_is_refused(scene: Callable[..., Picture]) -> None:
    model = Embedded(EYE)
    with pytest.raises(InvalidInput, match="differ in size"):
        model.compare(scene(1), [scene(1, 90, 160)], Focus.GENERAL)
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(InvalidInput, match="uint8"):
            model.compare(wrong, [wrong], Focus.GENERAL)
    with pytest.raises(InvalidInput, match="uint8"):
        model.compare(scene(1).astype(np.float32), [scene(1)], Focus.GENERAL)  # type: ignore[arg-type]


def test_coefficients_of_other_measurements_are_refused(tmp_path: Path) -> None:
    content = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    content["focuses"]["general"]["things"]["weights"]["smell"] = 1.0
    path = tmp_path / "other.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InvalidInput, match="calibrate_embedded"):
        load_models(path)


def test_more_change_is_never_more_similar() -> None:
    nothing, everything = (Comparison(dict.fromkeys(INPUTS, value), True) for value in (0.0, 1.0))
    for models in load_models(COEFFICIENTS).values():
        for model in (models.things, models.scene):
            assert (model.weights >= 0).all()
            assert model.p_different(nothing) < 0.1
            assert model.p_different(everything) > 0.9


def with_cat(place: int) -> Picture:
    """A photograph of a cat's face before a patterned background, ``place`` pixels from the left."""
    cat = cv2.resize(np.ascontiguousarray(chelsea()), (226, 150), interpolation=cv2.INTER_AREA)
    picture = textured(7, 260, 480)
    picture[60:210, place : place + 226] = cat
    return picture


def test_a_cat_that_moves_is_the_object_and_not_the_background() -> None:
    model = Embedded(EYE)
    focuses = (Focus.MAIN_OBJECT, Focus.GENERAL, Focus.BACKGROUND)
    thing, general, background = (
        model.compare(with_cat(10), [with_cat(240)], focus)[0].s_rel for focus in focuses
    )
    assert thing > 0.35
    assert general > 0.0
    assert background < 0.0
    assert model.compare(with_cat(10), [with_cat(12)], Focus.MAIN_OBJECT)[0].s_rel < -0.35
    assert model.notices == []


def test_it_says_where_it_sees_no_thing(scene: Callable[..., Picture]) -> None:
    model = Embedded(EYE)
    model.compare(scene(1), [scene(2)], Focus.GENERAL)
    model.compare(with_cat(10), [with_cat(20)], Focus.GENERAL)
    assert model.notices == [
        "embedded: in 1 of 2 comparisons it saw no thing that it knows, and went by the picture as a whole"
    ]


def test_the_main_object_may_be_another_one_in_the_same_place() -> None:
    coffee = with_cat(120).copy()
    coffee[60:210, 120:346] = cv2.resize(np.ascontiguousarray(data_coffee()), (226, 150))
    assert ask(with_cat(120), coffee, Focus.MAIN_OBJECT) > 0.35


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("asl_yes", 0, 0),
        ("animal_dog_eating", 0, 1),
        ("talking_head_foreman_cif", 4, 12),
        ("act_weightlifting", 1, 6),
    ],
)
def test_keyframes_of_real_clips(
    name: str, least: int, most: int, frames: Callable[..., Iterator[Picture]]
) -> None:
    """Semantic keyframes at the published threshold, candidates every 0.2 s."""
    model = Embedded(EYE)
    inserted, latest = 0, None
    for picture in frames(name, 4 if name == "act_weightlifting" else 6):
        if latest is None:
            latest = picture
        elif differs(model.compare(latest, [picture], Focus.GENERAL)[0]):
            inserted, latest = inserted + 1, picture
    assert least <= inserted <= most
