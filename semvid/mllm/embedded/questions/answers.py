"""Answers in a few words from what was measured; how sure they are, as far as that was measured, too."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Final

from semvid.answers import NOT_MEASURED, Answered
from semvid.images.objects import Thing
from semvid.images.types import Picture
from semvid.mllm.embedded.caption.colours import colours, is_colourless, light, place, with_article
from semvid.mllm.embedded.questions.asked import Asked, Topic, asked
from semvid.mllm.embedded.questions.evidence import Evidence
from semvid.mllm.embedded.questions.names import counted, listed
from semvid.mllm.embedded.views import View

_MOST_NAMED: Final = 6  # things in one answer
_AT_REST: Final = ("the camera is still", "the camera hardly moves")
_NOT_TOLD: Final = Answered("that cannot be told from the pictures")


def answers(frames: Iterable[Picture], questions: Sequence[str]) -> list[Answered]:
    """See `semvid.mllm.Mllm.answer`.

    How sure: for things, the detector's scores times the share of samples that agree (for an absence, one
    less the best score that the thing had anywhere); for camera, light and colours, the share of samples
    that agree by themselves; for cuts nothing is said.
    """
    topics = [asked(question) for question in questions]
    if not any(topics):
        return [NOT_MEASURED] * len(topics)
    evidence = Evidence(frames)
    return [NOT_MEASURED if topic is None else _ANSWERS[topic.topic](evidence, topic) for topic in topics]


def _count(evidence: Evidence, question: Asked) -> Answered:
    samples = evidence.of(question.name)
    if not samples:
        return _absent(evidence, question.name, counted(0, question.name))
    count, agree = _at_once(samples)
    return Answered(counted(count, question.name), agree * _mean_score(samples))


def _presence(evidence: Evidence, question: Asked) -> Answered:
    if samples := evidence.of(question.name):
        return Answered("yes", fmean(max(thing.score for thing in sample) for sample in samples))
    return _absent(evidence, question.name, "no")


def _place(evidence: Evidence, question: Asked) -> Answered:
    """Of the largest of them, where it is most of the time."""
    samples = evidence.of(question.name)
    if not samples:
        return _absent(evidence, question.name, f"there is no {question.name}")
    largest = [max(sample, key=lambda thing: thing.area) for sample in samples]
    places = Counter(place((t.left + t.right) / 2, (t.top + t.bottom) / 2) for t in largest)
    words, times = places.most_common(1)[0]
    return Answered(words, times / len(largest) * fmean(thing.score for thing in largest))


def _things(evidence: Evidence, _: Asked) -> Answered:
    names = evidence.names()[:_MOST_NAMED]
    if not names:
        return Answered("nothing that has a name here", 1.0 - evidence.best_score())
    counts = {name: _at_once(evidence.of(name)) for name in names}
    parts = [with_article(name) if n == 1 else counted(n, name) for name, (n, _) in counts.items()]
    return Answered(listed(parts), fmean(_mean_score(evidence.of(name)) for name in names))


def _camera(evidence: Evidence, question: Asked) -> Answered:
    told, samples = evidence.camera, evidence.camera.total()
    told = Counter({words: times for words, times in told.items() if words})
    if not told:
        return _NOT_TOLD
    if question.topic is Topic.CAMERA:
        words, times = told.most_common(1)[0]
        return Answered(words, times / samples)
    at_rest = sum(times for words, times in told.items() if words in _AT_REST)
    moving = told.total() - at_rest
    wanted = question.topic is Topic.CAMERA_STILL
    return Answered(_yes((at_rest > moving) == wanted), max(at_rest, moving) / samples)


def _cuts(evidence: Evidence, question: Asked) -> Answered:
    match question.topic:
        case Topic.CUTS:
            return Answered(counted(evidence.cuts, "cut"))
        case Topic.SHOTS:
            return Answered(counted(evidence.cuts + 1, "shot"))
        case _:
            return Answered(_yes(evidence.cuts > 0))


def _light(evidence: Evidence, question: Asked) -> Answered:
    match question.topic:
        case Topic.DARK:
            return _agreed(evidence, lambda views: _yes("dark" in light(views)))
        case Topic.BRIGHT:
            return _agreed(evidence, lambda views: _yes("bright" in light(views)))
        case Topic.COLOURLESS:
            return _agreed(evidence, lambda views: _yes(is_colourless(views)))
        case Topic.COLOURED:
            return _agreed(evidence, lambda views: _yes(not is_colourless(views)))
        case _:
            return _agreed(evidence, _light_in_words)


def _colours(evidence: Evidence, _: Asked) -> Answered:
    """The colours of all samples together; how sure, by the main ones, without single areas."""
    told = _agreed(evidence, lambda views: colours(views).partition(", with ")[0] or "none prevails")
    words = colours(evidence.all_views)
    return Answered(words, told.sure) if words else told


def _agreed(evidence: Evidence, tell: Callable[[Sequence[View]], str]) -> Answered:
    """What is told of all samples together, and the share of them of which the same is told alone."""
    views = evidence.all_views
    words = tell(views)
    return Answered(words, fmean(tell([one]) == words for one in views))


def _light_in_words(views: Sequence[View]) -> str:
    words = light(views)
    if not {"dark", "bright"} & set(words):
        words = ["neither dark nor bright", *words]
    return ", ".join(words)


def _at_once(samples: Sequence[Sequence[Thing]]) -> tuple[int, float]:
    """How many are seen at once most of the time, and in which share of the samples; of two, the larger."""
    times = Counter(map(len, samples))
    count = max(times, key=lambda count: (times[count], count))
    return count, times[count] / len(samples)


def _mean_score(samples: Sequence[Sequence[Thing]]) -> float:
    return fmean(thing.score for sample in samples for thing in sample)


def _absent(evidence: Evidence, name: str, words: str) -> Answered:
    return Answered(words, 1.0 - evidence.best_score(name))


def _yes(so: bool) -> str:
    return "yes" if so else "no"


_ANSWERS: Final[dict[Topic, Callable[[Evidence, Asked], Answered]]] = {
    Topic.COUNT: _count,
    Topic.PRESENCE: _presence,
    Topic.PLACE: _place,
    Topic.THINGS: _things,
    **dict.fromkeys((Topic.CAMERA, Topic.CAMERA_STILL, Topic.CAMERA_MOVES), _camera),
    **dict.fromkeys((Topic.CUTS, Topic.SHOTS, Topic.ANY_CUT), _cuts),
    **dict.fromkeys((Topic.LIGHT, Topic.DARK, Topic.BRIGHT, Topic.COLOURLESS, Topic.COLOURED), _light),
    Topic.COLOURS: _colours,
}
