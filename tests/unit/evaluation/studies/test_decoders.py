from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from evaluation.clips import Clip
from evaluation.studies.decoders import FRAMES, JUDGED, Row, judged, keyframes, measure, table
from receiver.decoders.decoder import SegmentRequest
from semvid.images.types import Picture
from semvid.profile import Profile
from tests.unit.evaluation.synthetic import moving_bar


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    made: Clip = moving_bar(Path(tmp_path_factory.mktemp("clip")) / "bar.mp4", 33)
    return made


@pytest.mark.parametrize("gap", [8, 16])
def test_judged_frames_lie_between_keyframes_at_many_places_of_a_gap(gap: int) -> None:
    numbers = judged(FRAMES, gap)
    assert len(set(numbers)) == JUDGED
    assert all(0 < number < FRAMES for number in numbers)
    assert 0 not in {number % gap for number in numbers}
    assert len({number % gap for number in numbers}) >= 5


def test_keyframes_are_those_of_the_clip_or_coded_ones(clip: Clip) -> None:
    plain, coded = keyframes(clip, 8, None), keyframes(clip, 8, 54.0)
    assert sorted(plain) == sorted(coded) == [0, 8, 16, 24, 32]
    for number, picture in plain.items():
        assert picture is clip.pictures[number]
        errors = [np.abs(coded[number].astype(int) - clip.pictures[other]).mean() for other in plain]
        assert int(np.argmin(errors)) * 8 == number  # each in its own place
        assert min(errors) > 0


class Perfect:
    """Knows the clip."""

    profile = Profile("perfect", 1.0)
    uses_captions = False

    def __init__(self, clip: Clip, offset: int) -> None:
        self._clip, self._offset = clip, offset

    def generate(self, request: SegmentRequest, progress: object, cancelled: object) -> Iterator[Picture]:
        first = next(i for i, picture in enumerate(self._clip.pictures) if picture is request.start)
        for number in range(first + 1, first + 1 + request.num_frames):
            yield np.clip(self._clip.pictures[number].astype(int) + self._offset, 0, 255).astype(np.uint8)


def test_each_frame_is_judged_against_its_own_source(clip: Clip) -> None:
    def distance(source: Picture, shown: Picture) -> float:
        return float(np.abs(source.astype(int) - shown).max())

    row = measure("bar", clip, Perfect(clip, 5), 8, None, distance)
    assert (row.clip, row.decoder, row.gap, row.crf, row.lpips) == ("bar", "perfect", 8, None, 5.0)
    assert 33 < row.psnr < 36  # 5 levels of 255
    assert "| bar | 8 | not coded | perfect | 5.0000 |" in table([row])
    assert "CRF 54" in table([Row("bar", "perfect", 8, 54.0, 0.1, 30.0, 0.01)])
