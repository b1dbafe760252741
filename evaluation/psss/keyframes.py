"""Experiment (a): keyframes of four choosers at equal number, and what judges see of what is then shown."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.judges.depth import rank_correlation
from evaluation.judges.detection import CONFIDENT_SCORE, Box, objects_lost
from evaluation.method import Conditions
from evaluation.psss import choosers
from evaluation.psss.choosers import Chosen
from evaluation.psss.eyes import Eyes, Vector
from evaluation.psss.intervals import Interval, interval, paired
from evaluation.psss.piece import Piece
from evaluation.psss.sending import bridged, gap_of, sent
from receiver.decoders.decoder import Decoder
from semvid.images.types import Picture
from semvid.mllm import Mllm

COUNTS: Final = (3, 4, 6, 8)
LINK_COUNTS: Final = (4,)
FLOW_COUNT: Final = 4
DRAWS: Final = 2  # of chance
RIVALS: Final = ("uniform", "random", "bridging")
DECISIVE: Final = ("objects_found", "embedding_coverage", "nearest_class", "depth_rank")
REPORTED: Final = ("lpips", "embedding_cosine", "flow_epe", "symbols")
_EVERY_THIRD: Final = 3  # judged frame has its depth and LPIPS taken

Sight = dict[str, Any]  # what is seen at one judged frame of what is shown


class Prototypes:
    """Mean embedding of each label: over the candidates of the source of the clips that have it."""

    def __init__(self) -> None:
        self._sums: dict[str, Vector] = {}

    @property
    def labels(self) -> Sequence[str]:
        """In the order of the alphabet."""
        return sorted(self._sums)

    def add(self, label: str, embeddings: Sequence[float]) -> None:
        """Takes in what `summed` gives of a clip."""
        self._sums[label] = self._sums.get(label, 0.0) + np.asarray(embeddings, np.float64)

    def nearest(self, embedding: Vector) -> str:
        """The label whose prototype has the largest cosine to ``embedding``."""
        return max(
            self.labels, key=lambda name: self._sums[name] @ embedding / np.linalg.norm(self._sums[name])
        )


def summed(piece: Piece, eyes: Eyes) -> list[float]:
    """The embeddings of all candidates, added up."""
    embeddings = [eyes.embedding(piece.clip.pictures[frame]) for frame in piece.candidates]
    return [float(value) for value in np.sum(embeddings, axis=0)]


class Bench:
    """One piece under the eyes of all judges; what has been seen once is not looked at again."""

    def __init__(
        self, piece: Piece, eyes: Eyes, prototypes: Prototypes, decoder: Decoder, conditions: Conditions
    ) -> None:
        self._piece, self._eyes, self._prototypes = piece, eyes, prototypes
        self._decoder, self._conditions = decoder, conditions
        pictures = piece.clip.pictures
        self._with_depth = piece.judged[::_EVERY_THIRD]
        self._truth: dict[int, list[Box]] = {frame: eyes.objects(pictures[frame]) for frame in piece.judged}
        self._embedded = {frame: eyes.embedding(pictures[frame]) for frame in piece.judged}
        self._depths = {frame: eyes.depth(pictures[frame]) for frame in self._with_depth}
        self._keyframe_embedding: dict[int, Vector] = {}
        self._true_flow: NDArray[np.float32] | None = None
        self._bridged: dict[tuple[int, int, int], Sight] = {}

    def uncoded(self, keyframes: Sequence[int], with_flow: bool) -> dict[str, float]:
        """Measures of keyframes that are as in the source."""
        gaps: dict[tuple[int, int], list[int]] = defaultdict(list)
        for frame in self._piece.judged:
            gaps[gap_of(frame, keyframes)].append(frame)
        sights: dict[int, Sight] = {}
        for gap, frames in gaps.items():
            new = [frame for frame in frames if (*gap, frame) not in self._bridged]
            shown = bridged(self._piece, *gap, new, self._decoder) if new else {}
            self._bridged |= {(*gap, frame): self._see(frame, picture) for frame, picture in shown.items()}
            sights |= {frame: self._bridged[*gap, frame] for frame in frames}
        for frame in set(keyframes) - set(self._keyframe_embedding):
            self._keyframe_embedding[frame] = self._eyes.embedding(self._piece.clip.pictures[frame])
        measured = self._measured(sights, [self._keyframe_embedding[frame] for frame in keyframes])
        return measured | ({"flow_epe": self._flow_error(keyframes)} if with_flow else {})

    def over_the_link(self, keyframes: Sequence[int]) -> dict[str, float]:
        """Measures of keyframes that were coded and sent, and the symbols that it took."""
        shown, symbols = sent(self._piece, keyframes, self._conditions, self._decoder)
        sights = {frame: self._see(frame, shown[frame]) for frame in self._piece.judged}
        received = [self._eyes.embedding(shown[frame]) for frame in keyframes]
        return self._measured(sights, received) | {"symbols": float(symbols)}

    def _see(self, frame: int, shown: Picture) -> Sight:
        sight: Sight = {"boxes": self._eyes.objects(shown), "embedding": self._eyes.embedding(shown)}
        if frame in self._with_depth:
            source = self._piece.clip.pictures[frame]
            sight["depth_rank"] = rank_correlation(self._depths[frame], self._eyes.depth(shown))
            sight["lpips"] = self._eyes.lpips(source, shown)
        return sight

    def _measured(self, sights: Mapping[int, Sight], keyframes: Sequence[Vector]) -> dict[str, float]:
        frames = self._piece.judged
        truths = [[box for box in self._truth[frame] if box.score >= CONFIDENT_SCORE] for frame in frames]
        lost = objects_lost(truths, [sights[frame]["boxes"] for frame in frames])
        covered = [max(self._embedded[frame] @ keyframe for keyframe in keyframes) for frame in frames]
        found = {
            "embedding_coverage": float(np.mean(covered)),
            "embedding_cosine": float(
                np.mean([self._embedded[frame] @ sights[frame]["embedding"] for frame in frames])
            ),
            "depth_rank": float(np.mean([sights[frame]["depth_rank"] for frame in self._with_depth])),
            "lpips": float(np.mean([sights[frame]["lpips"] for frame in self._with_depth])),
        }
        if lost is not None:
            found["objects_found"] = 1.0 - lost
        if self._piece.label:
            nearest = [self._prototypes.nearest(sights[frame]["embedding"]) for frame in frames]
            found["nearest_class"] = float(np.mean([label == self._piece.label for label in nearest]))
        return found

    def _flow_error(self, keyframes: Sequence[int]) -> float:
        """End point error of the flow from the middle judged frame to the next, pixels of RAFT's grid."""
        pictures = self._piece.clip.pictures
        frame = self._piece.judged[len(self._piece.judged) // 2]
        if self._true_flow is None:
            self._true_flow = self._eyes.flow(pictures[frame], pictures[frame + 1])
        shown = bridged(self._piece, *gap_of(frame, keyframes), (frame, frame + 1), self._decoder)
        after = shown.get(frame + 1, pictures[frame + 1])  # a keyframe is as it is
        flow = self._eyes.flow(shown[frame], after)
        return float(np.linalg.norm(self._true_flow - flow, axis=0).mean())


def measure(
    piece: Piece, mllm: Mllm, eyes: Eyes, prototypes: Prototypes, decoder: Decoder, conditions: Conditions
) -> list[dict[str, Any]]:
    """One record for each number, chooser, draw and way (uncoded, link) of one piece."""
    records: list[dict[str, Any]] = []
    bench = Bench(piece, eyes, prototypes, decoder, conditions)
    s_rel, losses = choosers.scores(mllm, piece), choosers.bridging_losses(piece)
    for count in COUNTS:
        for name, draw, chosen in choices(piece, s_rel, losses, count):
            keyframes = [piece.candidates[place] for place in chosen.keyframes]
            about: dict[str, Any] = {"clip": piece.name, "count": count, "chooser": name, "draw": draw}
            about |= {"keyframes": keyframes}
            if name == "psss":
                about |= {"threshold": chosen.threshold, "filled": chosen.filled}
            measured = bench.uncoded(keyframes, count == FLOW_COUNT)
            records.append({"way": "uncoded", **about, "measures": _rounded(measured)})
            if count in LINK_COUNTS and not draw:
                measured = bench.over_the_link(keyframes)
                records.append({"way": "link", **about, "measures": _rounded(measured)})
    return records


def choices(
    piece: Piece, s_rel: choosers.Matrix, losses: choosers.Matrix, count: int
) -> Iterator[tuple[str, int, Chosen]]:
    """Every chooser's keyframes: name, draw, which."""
    yield "psss", 0, choosers.by_psss(s_rel, count)
    yield "uniform", 0, choosers.uniform(piece.candidates, count)
    yield "bridging", 0, choosers.by_bridging(losses, count)
    for draw in range(DRAWS):
        yield "random", draw, choosers.by_chance(piece, count, draw)


def per_clip(records: Sequence[Mapping[str, Any]], way: str, chooser: str, measure: str) -> dict[str, float]:
    """By clip, the mean over numbers of keyframes of means over draws; clips without it are out."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if record["way"] == way and record["chooser"] == chooser and measure in record["measures"]:
            found[record["clip"]][record["count"]].append(record["measures"][measure])
    return {
        clip: float(np.mean([np.mean(draws) for draws in counts.values()])) for clip, counts in found.items()
    }


def means(records: Sequence[Mapping[str, Any]], way: str, measure: str) -> dict[str, Interval]:
    """By chooser."""
    found = {name: per_clip(records, way, name, measure) for name in ("psss", *RIVALS)}
    return {name: interval(list(values.values())) for name, values in found.items() if values}


def differences(records: Sequence[Mapping[str, Any]], way: str, measure: str) -> dict[str, Interval]:
    """psss minus each rival, paired; nothing where no clip has the measure."""
    ours = per_clip(records, way, "psss", measure)
    if not ours:
        return {}
    return {rival: paired(ours, per_clip(records, way, rival, measure)) for rival in RIVALS}


def _rounded(measured: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 5) for name, value in measured.items()}
