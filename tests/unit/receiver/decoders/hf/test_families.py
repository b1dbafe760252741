"""Each family with a tiny pipeline of its real class, saved and loaded again."""

from __future__ import annotations

import gc
import json
import pickle
import shutil
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from receiver.decoders import make_decoder
from receiver.decoders.hf import sampling
from receiver.decoders.hf.checkpoint import Checkpoint
from receiver.decoders.hf.clip import Clip
from receiver.decoders.hf.prompt import NEGATIVE_PROMPT
from receiver.decoders.options import DecoderOptions
from semvid.errors import Cancelled, LimitExceeded
from tests.models.tiny_video import KINDS, checkpoint

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


def test_pieces_of_a_long_gap_are_made_in_batches(
    tiny_decoder: Any, generate: Any, pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = generate(tiny_decoder("ltx", frames=9), *pictures[:2], 31)
    decoder, sizes = tiny_decoder("ltx", frames=9, batch=4), []
    make = decoder._family.make

    def spy(clips: Any, on_step: Any) -> Any:
        sizes.append(len(clips))
        return make(clips, on_step)

    with monkeypatch.context() as patch:
        patch.setattr(decoder._family, "make", spy)
        in_batches = generate(decoder, *pictures[:2], 31)
    assert sum(sizes) == 5  # one coarse clip, then four of eight frames
    assert len(sizes) < 5
    assert np.abs(np.subtract(one_by_one, in_batches, dtype=int)).max() <= 1


def test_a_preset_never_asks_for_more_than_the_model_was_made_for(tiny_decoder: Any) -> None:
    """The preset of 80 GB allows 1280x720; VACE was made for 832x480."""
    vace = {"card": "80gb", "dtype": "float32", "offload": "none"}
    assert tiny_decoder("wan_vace", **vace)._pixels == 832 * 480
    assert tiny_decoder("wan_vace", **vace, pixels=1280 * 720)._pixels == 1280 * 720


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


@pytest.mark.parametrize("kind", ["ltx", "ltx2"])
def test_a_distilled_schedule_is_taken_as_it_is(
    kind: str, tmp_path: Path, generate: Any, pictures: Any
) -> None:
    """Checkpoints come with schedulers that shift and stretch; the distilled noise levels already are."""
    shutil.copytree(checkpoint(kind), tmp_path / kind)
    path = tmp_path / kind / "scheduler" / "scheduler_config.json"
    shifting = {"use_dynamic_shifting": True, "shift": 3.0, "shift_terminal": 0.1}
    path.write_text(json.dumps({**json.loads(path.read_text()), **shifting}))
    decoder = make_decoder(f"hf:{tmp_path / kind}", DecoderOptions(distilled=True))
    generate(decoder, *pictures[:2], 3)
    sigmas = decoder._family._pipeline.scheduler.sigmas.tolist()
    published = {
        "ltx": [1, 0.993, 0.987, 0.981, 0.975, 0.909, 0.725, 0.00003, 0],
        "ltx2": [1, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875, 0],
    }
    assert sigmas == pytest.approx(published[kind], abs=1e-6)


def test_skyreels_is_set_for_pictures(tiny_decoder: Any) -> None:
    assert tiny_decoder("skyreels")._family._pipeline.scheduler.config.flow_shift == 5.0


@pytest.mark.parametrize("kind", KINDS)
def test_guidance_leads_away_from_the_negative_prompt(
    kind: str, tiny_decoder: Any, generate: Any, pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = tiny_decoder(kind, guidance=4.0)

    def latents(negative: str) -> np.ndarray:
        with monkeypatch.context() as patch:
            patch.setattr(sampling, "NEGATIVE_PROMPT", negative)
            return final_latents(monkeypatch, decoder, lambda: generate(decoder, *pictures[:2], 3))

    ours, other = latents(NEGATIVE_PROMPT), latents("the boat")
    assert np.abs(ours - other).max() > 1e-5
    np.testing.assert_array_equal(ours, latents(NEGATIVE_PROMPT))


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
    assert profile.name == "hf:ltx"
    assert profile.longest_gap_s == pytest.approx(120 / 30)
    assert not profile.closed_loop


@pytest.mark.parametrize(
    ("kind", "published_as"), [("skyreels", "SkyReelsV2DiffusionForcingPipeline"), ("ltx2", "LTX2Pipeline")]
)
def test_checkpoints_published_under_a_sister_class(
    kind: str, published_as: str, tmp_path: Path, generate: Any, pictures: Any
) -> None:
    shutil.copytree(checkpoint(kind), tmp_path / kind)
    path = tmp_path / kind / "model_index.json"
    index = json.loads(path.read_text())
    path.write_text(json.dumps({**index, "_class_name": published_as}))
    decoder = make_decoder(f"hf:{tmp_path / kind}", DecoderOptions(steps=1, guidance=1.0))
    assert type(decoder._family._pipeline).__name__ == index["_class_name"]
    assert len(generate(decoder, *pictures[:2], 2)) == 2


@pytest.mark.parametrize(
    ("folder", "distilled"),
    [
        ("distilled/ltx", False),
        ("LTX-13B-Distilled", True),
        ("models--Lightricks--LTX-13B-distilled/snapshots/0123abc", True),
    ],
)
def test_a_distilled_checkpoint_is_known_by_its_name(folder: str, distilled: bool, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)
    shutil.copy(checkpoint("ltx") / "model_index.json", tmp_path / folder)
    assert Checkpoint(str(tmp_path / folder)).is_distilled == distilled


def test_a_failure_keeps_no_latents_alive(
    tiny_decoder: Any, generate: Any, pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a GPU they would take the memory that the second attempt needs."""
    import torch

    decoder = tiny_decoder("ltx")
    kept: list[weakref.ref[Any]] = []

    def fail(*_: Any, hidden_states: Any, **__: Any) -> None:
        kept.append(weakref.ref(hidden_states))
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(decoder._family._pipeline.transformer, "forward", fail)
    with pytest.raises(LimitExceeded) as refused:
        generate(decoder, *pictures[:2], 3)
    gc.collect()
    assert refused.value.__cause__ is not None
    assert [ref() for ref in kept] == [None]
