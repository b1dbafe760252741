from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from evaluation.players.kinds import KINDS
from evaluation.players.making import SECONDS, _hlg, make
from semvid.sound.pcm import SAMPLE_RATE
from semvid.sound.track import probe_sound
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from tests.synthetic_clip import write_clip
from tests.synthetic_sound import bursts, with_sound


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("media")
    write_clip(folder / "silent.mp4", frames=24)
    with_sound(folder / "silent.mp4", folder / "clip.mkv", bursts(1))
    return folder


@pytest.mark.parametrize("name", ["phone_portrait.mp4", "capture.ts", "dvd.vob", "screen_recorder.mkv"])
def test_a_file_is_what_its_kind_says(media, tmp_path, name) -> None:
    kind = next(kind for kind in KINDS if kind.file == name)
    assert kind.sound is not None
    kind = replace(kind, clip="clip.mkv", sound=replace(kind.sound, clip="clip.mkv"))
    truth = make(kind, media, tmp_path)
    info = probe(tmp_path / name)
    assert info.frame_count_hint == len(truth.pictures) == round(SECONDS * kind.rate)
    assert info.duration_s == pytest.approx(truth.duration_s, abs=0.002)
    assert truth.shape == (round(info.width * kind.wide), info.height)
    assert float(info.first_pts * info.time_base) == pytest.approx(kind.first_s, abs=2)
    sound = probe_sound(tmp_path / name)
    assert sound is not None
    assert sound.sample_rate == kind.sound.rate
    assert truth.sound is not None
    assert len(truth.sound) == round(truth.duration_s * SAMPLE_RATE)
    for frame in read_frames(tmp_path / name, info):
        if frame.index < 3:
            assert np.abs(frame.picture.astype(int) - truth.pictures[frame.index]).mean() < 5


def test_hlg_puts_diffuse_white_at_three_quarters() -> None:
    """ITU-R BT.2408-7, table 1: 203 cd/m2 are 75 % of HLG."""
    white = _hlg(np.full((1, 1, 3), 255, np.uint8))
    np.testing.assert_allclose(white / 65535, 0.75, atol=0.003)
    assert _hlg(np.zeros((1, 1, 3), np.uint8)).max() == 0


def test_kinds_are_ten_and_unlike() -> None:
    assert len({kind.file for kind in KINDS}) == 10
    assert len({(kind.codec, kind.pixels, kind.rate, kind.wide) for kind in KINDS}) >= 8
    assert all(Fraction(10) < kind.rate <= 60 for kind in KINDS)
