"""How many calls and questions the gallop saves, and whether it finds the keyframes of the exhaustive walk.

    python -m evaluation.studies.search_calls --media ../shared/media [--out results/search.json]

Two judges, candidates every 0.2 s, cuts and the paper's threshold, no bridging (it asks nobody):

- the embedded judge on the first ten seconds of every clip that has as many, at the laboratory's area;
- an oracle with a hidden meaning: pictures show a scene whose objects move while it means the same, and are
  exchanged when it changes; answers follow the hidden meaning through noise. Seeded; changes come at random.

The gallop is run for a model that answers one question at a time and for one that answers eight at once, the
default of ``SEMVID_TRANSMITTER_MLLM_BATCH``. A call is one use of the model; the exhaustive walk asks one
question a call.

Each clip is walked twice by the code that the transmitter runs. Agreement is counted twice: *chain*,
keyframe by keyframe over the whole clip, where one keyframe that is placed differently changes every
reference after it; and *step*, where the exhaustive walk is started anew from each keyframe that the gallop
chose.
"""

import argparse
import json
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import compress, pairwise
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.bench.report.table import formatted
from evaluation.clips import load
from evaluation.provenance import provenance, write
from semvid.answers import Answered
from semvid.images.types import Picture
from semvid.mllm import Mllm
from semvid.mllm.embedded.model import Embedded
from semvid.mllm.meter import Meter
from semvid.options import DEFAULT_THRESHOLD, Focus, Rule
from semvid.psss import Answer, differs
from semvid.video.reader import Frame
from transmitter.keyframes.gallop import Gallop
from transmitter.keyframes.selection import KeyframeSelector, Reason
from transmitter.keyframes.skem import Skem, SkemRules

SPACING_S: Final = 0.2
JUDGES: Final = ("oracle", "embedded")
AT_ONCE: Final = (1, 8)  # questions in one call
LEAST_SECONDS: Final = 10.0
MAX_GAP_S: Final = 1000.0  # forced keyframes change no meaning; none are wanted here
ORACLE_CLIPS: Final = 20
FIRST_SEED: Final = 1000  # the search's constants were chosen on seeds 0 to 19, and on the real clips
ORACLE_SECONDS: Final = 12.0
ORACLE_RATE: Final = 10.0  # frames a second; every second frame is a candidate
MEAN_MEANING_S: Final = 5.0  # the paper finds 4.1 keyframes in clips of up to 16 s, both ends included


@dataclass(frozen=True)
class Row:
    """One clip under one judge.

    Attributes:
        exhaustive: questions of the exhaustive walk, each one call.
        calls, gallop: of the gallop's calls and questions.
        expected, found: semantic keyframes of the two walks.
        chain: keyframes that match one of the other walk within one candidate.
        steps, right_steps: keyframes (or ends) of the gallop, and those where the exhaustive walk from the
            keyframe before agrees within one candidate.
    """

    clip: str
    exhaustive: int
    calls: int
    gallop: int
    expected: int
    found: int
    chain: int
    steps: int
    right_steps: int


class Remembering(Meter):
    """Asks another model and remembers each answer by its pictures, so that no pair is computed twice."""

    def __init__(self, mllm: Mllm) -> None:
        super().__init__(mllm)
        self._known: dict[tuple[int, int], Answer] = {}

    def compare(self, reference: Picture, candidates: Sequence[Picture], focus: Focus) -> list[Answer]:
        """See `Mllm.compare`."""
        answers = []
        for candidate in candidates:
            key = (id(reference), id(candidate))  # the clip holds its pictures as long as this lives
            if key not in self._known:
                (self._known[key],) = super().compare(reference, [candidate], focus)
            answers.append(self._known[key])
        return answers


class At(Meter):
    """A model as if it answered ``at_once`` questions together, and the books of what it is asked."""

    def __init__(self, mllm: Mllm, at_once: int) -> None:
        super().__init__(mllm)
        self._at_once = at_once

    @property
    def at_once(self) -> int:
        """See `Mllm.at_once`."""
        return self._at_once


class Oracle:
    """Knows what each picture means; answers through noise that is fixed for a pair.

    Args:
        pictures: of the clip.
        meanings: of each picture; meanings are points, and PSSS falls with their distance.
        seed: of the noise.
    """

    name = "oracle"
    at_once = 1
    notices: Sequence[str] = ()

    def __init__(self, pictures: Sequence[Picture], meanings: NDArray[np.float64], seed: int) -> None:
        self._number = {id(picture): i for i, picture in enumerate(pictures)}
        self._meanings, self._seed = meanings, seed

    def compare(self, reference: Picture, candidates: Sequence[Picture], _: Focus) -> list[Answer]:
        """See `Mllm.compare`."""
        first = self._number[id(reference)]
        answers = []
        for candidate in candidates:
            second = self._number[id(candidate)]
            apart = float(np.linalg.norm(self._meanings[first] - self._meanings[second]))
            noise = np.random.default_rng([self._seed, first, second]).normal(0.0, 0.5)
            p_no = 1.0 / (1.0 + np.exp(-(5.0 * (apart - 1.0) + noise)))
            answers.append(Answer(0.98 * (1.0 - p_no), 0.98 * p_no))
        return answers

    def caption(self, _: Sequence[Picture]) -> str:
        """An oracle is not asked for captions here."""
        raise NotImplementedError

    def answer(self, _frames: Iterable[Picture], _questions: Sequence[str]) -> list[Answered]:
        """Nor anything else."""
        raise NotImplementedError


def oracle_clip(seed: int) -> tuple[list[Picture], NDArray[np.float64]]:
    """Pictures of 128x96 and the meaning of each, float64 [n, 4].

    A meaning lasts for a time drawn from an exponential distribution; then one to four of the scene's
    objects and sometimes its background are exchanged within half a second. All the while objects sway, the
    camera trembles and the light wavers, which means nothing.
    """
    rng = np.random.default_rng(seed)
    frames = round(ORACLE_SECONDS * ORACLE_RATE)
    changes = np.cumsum(rng.exponential(MEAN_MEANING_S * ORACLE_RATE, 40)).astype(int)
    looks = rng.uniform(0, 1, (41, 5, 6))  # meaning, object (the last is the background), place, size, colour
    points = np.zeros((41, 4))
    for number in range(1, 41):
        kept = rng.permutation(4)[: rng.integers(0, 4)]
        looks[number, kept] = looks[number - 1, kept]
        if rng.uniform() < 0.6:
            looks[number, 4] = looks[number - 1, 4]
        points[number] = points[number - 1] + rng.choice([-1, 1], 4) * (~np.isin(np.arange(4), kept)) * 0.9
    phase = rng.uniform(0, 2 * np.pi, 6)
    pictures, meanings = [], []
    for frame in range(frames):
        number = bisect_right(list(changes), frame)
        since = frame - (changes[number - 1] if number else -100)
        share = min(1.0, (since + 1) / (0.5 * ORACLE_RATE))
        look = (1 - share) * looks[max(0, number - 1)] + share * looks[number]
        meanings.append((1 - share) * points[max(0, number - 1)] + share * points[number])
        pictures.append(_paint(look, frame / ORACLE_RATE, phase, rng))
    return pictures, np.array(meanings)


def _paint(
    look: NDArray[np.float64], time_s: float, phase: NDArray[np.float64], rng: np.random.Generator
) -> Picture:
    picture = np.empty((96, 128, 3), np.float32)
    picture[:] = 60 + 120 * look[4, 3:] + np.linspace(-25, 25, 128)[None, :, None]
    for number in range(4):
        sway = 4 * np.sin(2 * time_s + phase[number])
        centre = (round(20 + 88 * look[number, 0] + sway), round(16 + 64 * look[number, 1]))
        colour = tuple(float(255 * c) for c in look[number, 3:])
        cv2.circle(picture, centre, round(7 + 12 * look[number, 2]), colour, -1, cv2.LINE_AA)
    shift = [[1, 0, np.sin(3 * time_s + phase[4])], [0, 1, np.cos(2 * time_s + phase[5])]]
    tremble = np.array(shift, np.float32)
    picture = cv2.warpAffine(picture, tremble, (128, 96), borderMode=cv2.BORDER_REPLICATE)
    picture = picture * (1 + 0.05 * np.sin(time_s + phase[5])) + rng.normal(0, 3, picture.shape)
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def compare_walks(
    clip: str, pictures: Sequence[Picture], spacing: int, max_gap: int, mllm: Mllm, at_once: int
) -> Row:
    """Walks the clip both ways, the gallop with so many questions ``at_once``."""
    rules = SkemRules(Focus.GENERAL, Rule.RELATIVE, DEFAULT_THRESHOLD, spacing, 1, max_gap)
    slow, quick = Meter(mllm), At(mllm, at_once)
    expected = _meanings(Skem(slow, rules, None), pictures)
    walked = slow.questions
    found = _meanings(Gallop(quick, rules, Skem(None, rules, None)), pictures)
    one, other = (
        [index for index, reason in walk if reason is Reason.SEMANTIC] for walk in (expected, found)
    )
    steps = list(_steps(found, pictures, rules, slow))
    agreement = _matches(one, other, spacing), len(steps), sum(steps)
    return Row(clip, walked, quick.calls, quick.questions, len(one), len(other), *agreement)


def _meanings(selector: KeyframeSelector, pictures: Sequence[Picture]) -> list[tuple[int, Reason]]:
    selected = [
        one for index, picture in enumerate(pictures) for one in selector.push(Frame(index, index, picture))
    ]
    return [(one.frame.index, one.reason) for one in [*selected, *selector.finish()]]


def _matches(expected: list[int], found: list[int], spacing: int) -> int:
    """Pairs of both lists, in order, not more than one candidate apart."""
    left, count = list(found), 0
    for index in expected:
        near = [other for other in left if abs(other - index) <= spacing]
        if near:
            left.remove(min(near, key=lambda other: abs(other - index)))
            count += 1
    return count


def _steps(
    found: list[tuple[int, Reason]], pictures: Sequence[Picture], rules: SkemRules, mllm: Mllm
) -> Iterator[bool]:
    """For each stretch between two meanings of the gallop: whether the exhaustive walk ends it there too."""
    spacing = rules.candidate_spacing
    marks = [(i, r) for i, r in found if r.opens_caption or r is Reason.LAST]
    for (start, _), (end, reason) in pairwise(marks):
        if end == start + 1 and reason is Reason.CUT:
            continue
        candidates = range((start // spacing + 1) * spacing, len(pictures), spacing)
        asked = (mllm.compare(pictures[start], [pictures[i]], rules.focus)[0] for i in candidates)
        different = (differs(answer, rules.rule, rules.threshold) for answer in asked)
        first = next(compress(candidates, different), None)
        if reason is Reason.SEMANTIC:
            yield first is not None and abs(first - end) <= spacing
        else:
            yield first is None or first >= end - spacing


def total(rows: Sequence[Row]) -> dict[str, float]:
    """Calls and questions saved, and agreement, over all clips of one judge."""
    walked = sum(row.exhaustive for row in rows)
    keyframes = sum(max(row.expected, row.found) for row in rows)
    return {
        "fewer_calls": round(walked / sum(row.calls for row in rows), 2),
        "fewer_questions": round(walked / sum(row.gallop for row in rows), 2),
        "chain_agreement": round(sum(row.chain for row in rows) / keyframes, 4),
        "step_agreement": round(sum(row.right_steps for row in rows) / sum(row.steps for row in rows), 4),
    }


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    sums = [
        ("judge", "{judge}"),
        ("questions at once", "{at_once}"),
        ("calls, fewer by", "{total[fewer_calls]:.1f} x"),
        ("questions, fewer by", "{total[fewer_questions]:.1f} x"),
        ("chain", "{chain:.1f} %"),
        ("step", "{step:.1f} %"),
    ]
    clips = [
        ("clip", "{clip}"),
        ("exhaustive", "{exhaustive}"),
        ("calls", "{calls}"),
        ("questions", "{gallop}"),
        ("keyframes, exhaustive", "{expected}"),
        ("gallop", "{found}"),
        ("chain", "{chain}"),
        ("steps right", "{right_steps} of {steps}"),
    ]
    runs = result["runs"]
    percent = [{way: 100 * run["total"][f"{way}_agreement"] for way in ("chain", "step")} for run in runs]
    head = f"""# Calls and questions saved by the search

Made by `make bench-search`; what the columns mean stands in `evaluation/studies/search_calls.py`.
Keyframes are semantic ones; both ends of a clip and cuts are not counted.
The search's constants were chosen on other seeds of the oracle, but on these real clips: the
figures of the oracle are held out, those of the embedded judge are not.

{formatted(sums, [run | shares for run, shares in zip(runs, percent, strict=True)])}"""
    parts = [
        f"\n## {run['judge']}, {run['at_once']} at once\n\n{formatted(clips, run['clips'])}" for run in runs
    ]
    return "".join([head, *parts])


def main() -> None:
    """Measures, prints the sums, writes JSON and Markdown."""
    parser = argparse.ArgumentParser(description="calls and questions saved by the search")
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--oracle-clips", type=int, default=ORACLE_CLIPS)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows: dict[tuple[str, int], list[Row]] = {(judge, n): [] for judge in JUDGES for n in AT_ONCE}
    for judge, name, pictures, rate, mllm in _clips(arguments.media, arguments.oracle_clips):
        spacing, max_gap, asked = max(1, round(SPACING_S * rate)), round(MAX_GAP_S * rate), Remembering(mllm)
        for at_once in AT_ONCE:
            row = compare_walks(name, pictures, spacing, max_gap, asked, at_once)
            print(judge, at_once, row, flush=True)
            rows[judge, at_once].append(row)
    result: dict[str, Any] = {
        "spacing_s": SPACING_S,
        "threshold": DEFAULT_THRESHOLD,
        "runs": [
            {"judge": judge, "at_once": n, "total": total(some), "clips": [asdict(row) for row in some]}
            for (judge, n), some in rows.items()
        ],
        "provenance": provenance(),
    }
    for run in result["runs"]:
        print(run["judge"], run["at_once"], run["total"])
    write(arguments.out, result, table(result))


def _clips(media: Path, oracle_clips: int) -> Iterator[tuple[str, str, list[Picture], float, Mllm]]:
    """Judge, name, pictures, frame rate and model of each clip, one clip in memory at a time."""
    for seed in range(FIRST_SEED, FIRST_SEED + oracle_clips):
        pictures, meanings = oracle_clip(seed)
        yield "oracle", f"seed {seed}", pictures, ORACLE_RATE, Oracle(pictures, meanings, seed)
    for entry in json.loads((media / "index.json").read_text(encoding="utf-8")):
        if entry["seconds"] >= LEAST_SECONDS:
            with tempfile.TemporaryDirectory(prefix="semvid-search-") as folder:
                clip = load(media / entry["file"], Path(folder))
            yield "embedded", entry["name"], clip.pictures, float(clip.source.frame_rate), Embedded()


if __name__ == "__main__":
    main()
