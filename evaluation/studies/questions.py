"""What answers cost over the air, and whether a reconstruction is answered about as its source is.

    python -m evaluation.studies.questions --media ../shared/media --out results/questions.json

The embedded model is asked its closed set about each clip and about what a receiver made of it, and answers
are compared word by word. Every answer about a source is then sent as the services send it: alone, as when
somebody asks at the receiver, and all of a clip together, as a task. The services' cores, in one process.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from evaluation.bench.report.table import formatted
from evaluation.clips import Clip, load
from evaluation.link import Air, InProcessLink
from evaluation.method import Conditions
from evaluation.methods.semantic import Semvid
from evaluation.provenance import provenance, write
from receiver.assembly import AssemblyLimits
from receiver.reception import StreamReceiver
from semvid.accounting import SymbolClass
from semvid.answers import Answered, TaskAnswer, TaskHeader
from semvid.images.resize import within_side
from semvid.images.types import Picture
from semvid.link.packing import block_payloads
from semvid.mllm.embedded.model import Embedded
from semvid.mllm.embedded.questions.asked import Topic, asked
from semvid.mllm.embedded.questions.names import plural
from semvid.mllm.shown import SIDE
from semvid.semantics import SideUnit

CLIPS: Final = (
    *("traffic_topdown_cars", "cuts_bikes", "film_bw_dialogue", "landscape_boat_river", "static_bottles"),
    *("sport_football_juggling", "animal_dog_eating", "drive_dashcam", "indoor_pouring_coffee", "act_yoga"),
)
THINGS: Final = ("person", "car", "bicycle", "dog", "boat", "bottle", "cup", "sports ball")
QUESTIONS: Final = (
    *(f"how many {plural(name)} are there?" for name in THINGS),
    *(f"where is the {name}?" for name in THINGS),
    "what objects are there?",
    "does the camera move?",
    "what does the camera do?",
    "how many cuts are there?",
    "how bright is it?",
    "is it black and white?",
    "which colours are there?",
)
SNRS_DB: Final = (0.0, 5.0, 10.0)
RATES: Final[dict[str, dict[str, Any]]] = {"as by default": {}, "coarse, CRF 65": {"quality": 65}}
SEED: Final = 1
SECONDS: Final = 4.0  # of each clip
_KINDS: Final = {
    Topic.COUNT: "how many",
    Topic.PLACE: "where",
    Topic.THINGS: "what objects",
    Topic.CAMERA: "camera",
    Topic.CAMERA_MOVES: "camera",
    Topic.CUTS: "cuts",
    Topic.LIGHT: "light",
    Topic.COLOURLESS: "light",
    Topic.COLOURS: "colours",
}


def answered(pictures: Iterable[Picture]) -> list[Answered]:
    """What the embedded model says to all `QUESTIONS`."""
    return Embedded().answer((within_side(picture, SIDE) for picture in pictures), QUESTIONS)


def cost(answers: Sequence[Answered], snr_db: float, seed: int) -> dict[str, Any]:
    """Channel uses of one transmission of ``answers``; what arrived must be what was sent."""
    stream = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
    link = InProcessLink(Air(Conditions(snr_db, seed=seed)), stream.receive)
    units: list[SideUnit] = [TaskHeader(len(answers)), *(TaskAnswer(n, one) for n, one in enumerate(answers))]
    delivery = link.ship(block_payloads(units, None, link.bulk_limit_bytes))
    record = link.harq.record
    arrived = [stream.sheet.answers.get(number) for number in range(len(answers))]
    assert not delivery.protected or [one and one.text for one in arrived] == [one.text for one in answers]
    return {
        "snr_db": snr_db,
        "answers": len(answers),
        "symbols": record.ledger.total_symbols,
        "answer_symbols": record.ledger.symbols[SymbolClass.ANSWER],
        "answer_bits": record.ledger.bits[SymbolClass.ANSWER],
        "bursts": record.bursts_sent,
        "arrived": delivery.protected,
    }


def costs(answers: Sequence[Answered], first_seed: int) -> Iterator[dict[str, Any]]:
    """Each answer alone, and all of them together, over each SNR; every transmission has its own noise."""
    for snr_db in SNRS_DB:
        for number, one in enumerate([*([answer] for answer in answers), answers]):
            yield cost(one, snr_db, first_seed + number)


def compared(clip: Clip, source: Sequence[Answered], folder: Path) -> Iterator[dict[str, Any]]:
    """One row for each question and rate: what is said of the source, and of the reconstruction."""
    for rate, options in RATES.items():
        outcome = Semvid(rate, **options).run(clip, Conditions(seed=SEED), None, folder)
        assert outcome.pictures is not None, outcome.failed
        for question, one, other in zip(QUESTIONS, source, answered(outcome.pictures()), strict=True):
            yield {
                "rate": rate,
                "cbr": clip.cbr(outcome.crossed),
                "question": question,
                "source": one.text,
                "reconstruction": other.text,
                "sure_source": one.sure,
                "sure_reconstruction": other.sure,
            }


def kind_of(row: dict[str, Any]) -> str:
    """What a question is about; of things, apart whether the source shows any."""
    understood = asked(row["question"])
    assert understood is not None
    kind = _KINDS[understood.topic]
    if not understood.name:
        return kind
    absent = row["source"].startswith(("no ", "there is no "))
    return f"{kind}, not there" if absent else kind


def agreement(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Share of equal answers, by kind of question and rate."""
    groups: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        same = row["source"] == row["reconstruction"]
        for kind in (kind_of(row), "all"):
            groups[kind][row["rate"]].append(same)
    order = sorted(groups, key=lambda kind: (kind == "all", kind))
    return [
        {
            "kind": kind,
            "questions": len(next(iter(groups[kind].values()))),
            **{rate: statistics.mean(groups[kind][rate]) for rate in RATES},
        }
        for kind in order
    ]


def prices(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Symbols per answer, alone and in a task, by SNR."""
    found = []
    for snr_db in SNRS_DB:
        own = [row for row in rows if row["snr_db"] == snr_db]
        alone = [row["symbols"] for row in own if row["answers"] == 1]
        tasks = [row["symbols"] / row["answers"] for row in own if row["answers"] > 1]
        found.append(
            {
                "snr_db": snr_db,
                "alone": statistics.mean(alone),
                "least": min(alone),
                "most": max(alone),
                "of_answer": statistics.mean(row["answer_symbols"] for row in own if row["answers"] == 1),
                "bits": statistics.mean(row["answer_bits"] for row in own if row["answers"] == 1),
                "in_task": statistics.mean(tasks),
                "arrived": statistics.mean(row["arrived"] for row in own),
            }
        )
    return found


def tables(result: dict[str, Any]) -> str:
    """Both tables."""
    made = result["provenance"]
    costs_columns = [
        ("SNR", "{snr_db:g} dB"),
        ("symbols for an answer alone", "{alone:.0f} ({least}..{most})"),
        ("of them class `answer`", "{of_answer:.0f}"),
        ("information bits", "{bits:.0f}"),
        (f"in a task of {len(QUESTIONS)}, each", "{in_task:.0f}"),
        ("arrived", "{arrived:.1%}"),
    ]
    rates = {
        rate: statistics.mean(row["cbr"] for row in result["answers"] if row["rate"] == rate)
        for rate in RATES
    }
    columns = [
        ("question", "{kind}"),
        ("asked", "{questions}"),
        *((f"{rate}, CBR {cbr:.1e}", f"{{{rate}:.0%}}") for rate, cbr in rates.items()),
    ]
    clips = sorted({row["clip"] for row in result["answers"]})
    return f"""# Questions about a video

`{made["command"]}`, commit {made["commit"]}, {made["date"]}. {len(clips)} clips of 576x320 pixels in area, \
at most {SECONDS:g} s; {len(QUESTIONS)} questions each, embedded model. AWGN, seeds {SEED} and on.

## What an answer costs

Everything that crosses the channel for it: sounding, pilots, control word, answer, repetitions.

{formatted(costs_columns, prices(result["costs"]))}
## The same answer from the reconstruction?

Share of questions to which the model says word for word the same of the reconstruction (sent at 10 dB) as \
of the source. Answers about the source arrive as they were given. Of things, questions about those that the \
source does not show are apart.

{formatted(columns, agreement(result["answers"]))}
Clips: {", ".join(clips)}.
"""


def main() -> None:
    """Asks, sends, prints, writes."""
    parser = argparse.ArgumentParser(description="cost of answers, and agreement of both ways of answering")
    parser.add_argument("--media", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--clips", nargs="+", default=list(CLIPS), help="names without suffix")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result: dict[str, Any] = {"provenance": provenance(), "answers": [], "costs": []}
    for name in arguments.clips:
        (path,) = arguments.media.glob(f"{name}.*")
        with tempfile.TemporaryDirectory(prefix="semvid-questions-") as folder:
            clip = load(path, Path(folder), SECONDS)
            source = answered(clip.pictures)
            result["costs"] += [{"clip": name, **row} for row in costs(source, SEED + len(result["costs"]))]
            rows = [{"clip": name, **row} for row in compared(clip, source, Path(folder))]
        result["answers"] += rows
        write(arguments.out, result, tables(result))
        same = statistics.mean(row["source"] == row["reconstruction"] for row in rows)
        print(f"{name}: {same:.0%} the same", flush=True)
    print(tables(result))


if __name__ == "__main__":
    main()
