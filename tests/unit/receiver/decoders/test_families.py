"""Each family with a tiny pipeline of its real class, saved and loaded again."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from receiver.decoders.clip import Clip
from semvid.errors import Cancelled
from tests.models.tiny_video import KINDS

pytestmark = pytest.mark.tiny_models


def final_latents(monkeypatch: pytest.MonkeyPatch, decoder: Any, make: Any) -> np.ndarray:
    """What the sampler hands to the VAE: tiny random networks move 8-bit pixels by less than one level."""
    vae, seen = decoder._family._pipeline.vae, []
    decode = type(vae).decode

    def spy(latents: Any, *rest: Any, **named: Any) -> Any:
        seen.append(latents.detach().float().numpy().copy())
        return decode(vae, latents, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(vae, "decode", spy)
        make()
    (latents,) = seen
    return latents


@pytest.mark.parametrize("kind", KINDS)
def test_a_gap_is_filled_exactly_and_equal_arguments_give_equal_frames(
    kind: str, tiny_decoder: Any, generate: Any, pictures: Any
) -> None:
    decoder = tiny_decoder(kind)
    told: list[float] = []
    first = generate(decoder, *pictures[:2], 6, progress=told.append)
    assert [frame.shape for frame in first] == [(64, 96, 3)] * 6
    assert all(frame.dtype == np.uint8 for frame in first)
    assert told == [0.5, 1.0]
    np.testing.assert_array_equal(first, generate(decoder, *pictures[:2], 6))


@pytest.mark.parametrize("kind", KINDS)
def test_both_keyframes_and_the_seed_reach_the_latents(
    kind: str, tiny_decoder: Any, generate: Any, pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = tiny_decoder(kind)

    def latents(start: int, end: int, **changes: Any) -> np.ndarray:
        return final_latents(
            monkeypatch, decoder, lambda: generate(decoder, pictures[start], pictures[end], 3, **changes)
        )

    reference = latents(0, 1)
    for other in (latents(2, 1), latents(0, 2), latents(0, 1, seed=1)):
        assert other.shape == reference.shape
        assert np.abs(other - reference).max() > 1e-4


@pytest.mark.parametrize(("kind", "lengths"), [("ltx", "dsa"), ("wan22_i2v", "dsa"), ("wan22_i2v", "sfa")])
@pytest.mark.parametrize("count", [1, 19])
def test_gaps_shorter_and_longer_than_any_clip(
    kind: str, lengths: str, count: int, tiny_decoder: Any, generate: Any, pictures: Any
) -> None:
    decoder = tiny_decoder(kind, frames=9, lengths=lengths)
    told: list[float] = []
    frames = generate(decoder, *pictures[:2], count, progress=told.append)
    assert len(frames) == count
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_odd_sizes_are_padded_and_cut(tiny_decoder: Any, generate: Any) -> None:
    random = np.random.default_rng(2)
    start, end = (random.integers(0, 256, (50, 33, 3), np.uint8) for _ in range(2))
    assert {f.shape for f in generate(tiny_decoder("wan22_i2v"), start, end, 2)} == {(50, 33, 3)}


def test_no_frame_depends_on_what_else_is_made(tiny_decoder: Any, generate: Any, pictures: Any) -> None:
    decoder = tiny_decoder("ltx")
    alone = [generate(decoder, *pictures[:2], 3, seed=seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(generate, decoder, *pictures[:2], 3, seed=seed) for seed in reversed(range(4))]
        together = [job.result() for job in reversed(jobs)]
    np.testing.assert_array_equal(alone, together)


def test_ltx_makes_different_clips_in_one_batch(tiny_decoder: Any, pictures: Any) -> None:
    family = tiny_decoder("ltx")._family
    clips = [Clip(((0, pictures[i]), (5, pictures[i + 1])), 9, f"boat {i}", 24.0, seed=i) for i in range(3)]
    alone = [family.make([clip], lambda share: None)[0] for clip in clips]
    together = family.make(clips, lambda share: None)
    assert len(together) == 3
    for one, other in zip(alone, together, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1  # rounding of another order of additions
    assert np.abs(alone[0].astype(int) - alone[1]).max() > 1


@pytest.mark.parametrize("kind", ["ltx", "wan_vace", "ltx2"])
def test_keyframes_anywhere(
    kind: str, tiny_decoder: Any, pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third keyframe, and where it is put, matter."""
    decoder = tiny_decoder(kind)

    def latents(*middle: tuple[int, Any]) -> np.ndarray:
        clip = Clip(((0, pictures[0]), *middle, (14, pictures[1])), 17, "a boat", 24.0, 3)
        return final_latents(monkeypatch, decoder, lambda: decoder._family.make([clip], lambda share: None))

    none, early, late = latents(), latents((4, pictures[2])), latents((9, pictures[2]))
    assert np.abs(none - early).max() > 1e-4
    assert np.abs(early - late).max() > 1e-4


def test_ltx2_keyframes_sit_at_their_exact_frame(
    tiny_decoder: Any, generate: Any, pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = tiny_decoder("ltx2")
    pipeline_class = type(decoder._family._pipeline)
    make_coordinates, seen = pipeline_class._prepare_keyframe_coords, []

    def spy(pipeline: Any, **arguments: Any) -> Any:
        coordinates = make_coordinates(pipeline, **arguments)
        seen.append(float(coordinates[0, 0, 0, 0] * arguments["fps"]))
        return coordinates

    with monkeypatch.context() as patch:
        patch.setattr(pipeline_class, "_prepare_keyframe_coords", spy)
        generate(decoder, *pictures[:2], 11)
    assert seen == [pytest.approx(12)]  # stock diffusers would put it at 9


@pytest.mark.parametrize("kind", ["ltx", "wan22_i2v"])
def test_cancelling_takes_effect_between_two_steps(
    kind: str, tiny_decoder: Any, generate: Any, pictures: Any
) -> None:
    decoder = tiny_decoder(kind, steps=50)
    told: list[float] = []
    with pytest.raises(Cancelled):
        generate(decoder, *pictures[:2], 3, progress=told.append, cancelled=lambda: len(told) >= 2)
    assert len(told) < 10
    assert len(generate(decoder, *pictures[:2], 1, cancelled=lambda: False)) == 1  # it still works


def test_a_distilled_ltx_takes_its_eight_steps(tiny_decoder: Any, generate: Any, pictures: Any) -> None:
    decoder = tiny_decoder("ltx", distilled=True, steps=None, guidance=None)
    told: list[float] = []
    generate(decoder, *pictures[:2], 3, progress=told.append)
    assert told == [pytest.approx(step / 8) for step in range(1, 9)]
    distilled_2 = tiny_decoder("ltx2", distilled=True, steps=None, guidance=None)
    told.clear()
    generate(distilled_2, *pictures[:2], 3, progress=told.append)
    assert len(told) == 8


def test_guidance_is_used(tiny_decoder: Any, generate: Any, pictures: Any) -> None:
    for kind in ("ltx", "wan22_i2v"):
        assert len(generate(tiny_decoder(kind, guidance=4.0), *pictures[:2], 3)) == 3


@pytest.mark.parametrize("quantisation", ["int8", "fp8"])
def test_quantised_weights(quantisation: str, tiny_decoder: Any, generate: Any, pictures: Any) -> None:
    decoder = tiny_decoder("ltx", quantisation=quantisation, dtype="bfloat16", attention="native")
    kinds = {type(p.data).__name__ for p in decoder._family._pipeline.transformer.parameters()}
    assert any({"int8": "Int8", "fp8": "Float8"}[quantisation] in kind for kind in kinds), kinds
    assert len(generate(decoder, *pictures[:2], 3)) == 3


def test_a_decoder_travels_as_its_name_and_options(tiny_decoder: Any, generate: Any, pictures: Any) -> None:
    decoder = tiny_decoder("ltx")
    packed = pickle.dumps(decoder)
    assert len(packed) < 2000
    again = pickle.loads(packed)
    np.testing.assert_array_equal(generate(again, *pictures[:2], 2), generate(decoder, *pictures[:2], 2))


def test_the_profile_is_the_models(tiny_decoder: Any) -> None:
    profile = tiny_decoder("ltx").profile
    assert (profile.name, profile.frame_grid, profile.size_grid) == ("hf:ltx", 8, 32)
    assert profile.longest_gap_s == pytest.approx(120 / 30)
    assert not profile.closed_loop
    assert tiny_decoder("skyreels").profile.size_grid == 16
