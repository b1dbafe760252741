"""Text-to-video pipelines of the real classes, tiny, saved and loaded again."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from receiver.decoders import make_decoder
from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.options import DecoderOptions
from semvid.errors import Cancelled, InvalidInput
from semvid.profile import Given
from tests.models.tiny_text_video import checkpoint

pytestmark = pytest.mark.tiny_models

OPTIONS = DecoderOptions(device="cpu", steps=2, guidance=1.0)
FIRST = np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8)


def decoder(kind: str, options: DecoderOptions = OPTIONS) -> Any:
    return make_decoder(f"hf:{checkpoint(kind)}", options)


def draw(
    drawer: Any,
    count: int,
    caption: str = "a boat",
    seed: int = 3,
    start: Any = None,
    cancelled: Callable[[], bool] = lambda: False,
    told: list[float] | None = None,
) -> list[np.ndarray]:
    progress: Any = (lambda share: None) if told is None else told.append
    request = SegmentRequest(start, None, 56, 40, caption, 0.01, count, 24.0, seed)
    return list(drawer.generate(request, progress, cancelled))


@pytest.mark.parametrize(
    ("kind", "draws_from"),
    [("ltx_text", {Given.FIRST_FRAME, Given.NOTHING}), ("wan_text", {Given.NOTHING})],
)
def test_a_text_to_video_pipeline_draws_exactly_what_is_asked_for(kind: str, draws_from: set[Given]) -> None:
    drawer = decoder(kind)
    assert drawer.uses_captions
    assert drawer.profile.draws_from == draws_from
    told: list[float] = []
    frames = draw(drawer, 10, told=told)
    assert [frame.shape for frame in frames] == [(40, 56, 3)] * 10
    assert (told[0], told[-1]) == (0.5, 1.0)
    assert len(draw(drawer, 1)) == 1
    again = pickle.loads(pickle.dumps(drawer))
    assert all(np.array_equal(a, b) for a, b in zip(frames, draw(again, 10), strict=True))
    assert not np.array_equal(frames[0], draw(drawer, 10, seed=4)[0])
    with pytest.raises(InvalidInput, match=f"hf:{kind} was asked to draw from both_ends"):
        next(
            drawer.generate(SegmentRequest(FIRST, FIRST, 56, 40, "", None, 3, 24.0, 0), print, lambda: False)
        )


def test_a_first_frame_and_the_caption_both_matter() -> None:
    drawer = decoder("ltx_text")
    frames = draw(drawer, 9, start=FIRST)
    assert [frame.shape for frame in frames] == [(40, 56, 3)] * 9
    assert any(
        not np.array_equal(a, b) for a, b in zip(frames, draw(drawer, 9, start=255 - FIRST), strict=True)
    )
    assert any(not np.array_equal(a, b) for a, b in zip(frames, draw(drawer, 9), strict=True))


def test_more_frames_than_the_longest_clip_are_stretched() -> None:
    drawer = decoder("ltx_text", DecoderOptions(device="cpu", steps=1, guidance=1.0, frames=17))
    frames = draw(drawer, 40)
    assert len(frames) == 40
    shown = [number for number in range(1, 40) if not np.array_equal(frames[number], frames[number - 1])]
    assert 8 <= len(shown) <= 16  # no more pictures than the clip has


def test_it_stops_between_two_steps() -> None:
    asked = iter([False] * 3 + [True] * 100)
    with pytest.raises(Cancelled):
        draw(decoder("ltx_text", DecoderOptions(device="cpu", steps=50)), 17, cancelled=lambda: next(asked))
