"""Runs both experiments over a folder of clips; `semvid bench psss`."""

import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.method import Conditions
from evaluation.provenance import provenance, write
from evaluation.psss import choosers, intervals, keyframes, replacement, report, sending
from evaluation.psss.eyes import NETWORKS, Eyes
from evaluation.psss.kept import Kept
from evaluation.psss.piece import index_of, piece_of, spread_of
from receiver.decoders import make_decoder
from semvid.errors import InvalidInput
from semvid.mllm.library import load


def run(
    media: Path,
    judges: Path,
    mllm_name: str,
    clips: Sequence[str],
    snr_db: float,
    out: Path,
    command: str,
    say: Callable[[str], None],
) -> str:
    """Writes ``out`` (JSON) and the report beside it; gives the report.

    Started again after a stop, it goes on with the next clip. One clip is in memory at a time.

    Args:
        media: folder of clips with an index.json.
        judges: folder with judges.py and its small networks.
        mllm_name: who scores, as in the option `mllm`.
        clips: names in the index; empty: all.
        snr_db: of the link, AWGN.
        command: that was given, for the report.
        say: hears of progress.

    Raises:
        InvalidInput: no such clip, or none that is long enough.
        SemvidError: the model or the networks cannot be loaded.
    """
    entries = index_of(media)
    unknown = set(clips) - {entry["name"] for entry in entries}
    if unknown:
        raise InvalidInput(f"--clip {min(unknown)}: the index of {media.name} has no such clip")
    mllm, eyes, decoder = load(mllm_name), Eyes(judges), make_decoder("embedded")
    conditions, prototypes = Conditions(snr_db), keyframes.Prototypes()
    kept = Kept(out, {"mllm": mllm.name, "snr_db": snr_db, "index": [entry["name"] for entry in entries]})

    def look(entry: dict[str, Any]) -> list[dict[str, Any]]:
        piece = piece_of(media, entry)
        if piece is None:
            return []
        return [{"embeddings": keyframes.summed(piece, eyes) if piece.label else None}]

    def choose(entry: dict[str, Any]) -> list[dict[str, Any]]:
        piece = piece_of(media, entry)
        assert piece is not None
        return keyframes.measure(piece, mllm, eyes, prototypes, decoder, conditions)

    def replace(entry: dict[str, Any]) -> list[dict[str, Any]]:
        frames = spread_of(media, entry, replacement.FRAMES)
        return [replacement.measure(entry["name"], frames, mllm, eyes)]

    long_enough = set()
    for entry in entries:  # of all clips, whichever are chosen: a label's prototype is the same in every run
        say(f"prototypes: {entry['name']}")
        for seen in kept.records("prototypes", entry["name"], partial(look, entry)):
            long_enough.add(entry["name"])
            if seen["embeddings"] is not None:
                prototypes.add(entry["label"], seen["embeddings"])
    wanted = [entry for entry in entries if not clips or entry["name"] in clips]
    # in an order of chance, so that the clips that a stopped run has are like the others
    random.Random(choosers.SEED).shuffle(wanted)
    if not any(entry["name"] in long_enough for entry in wanted):
        raise InvalidInput(f"--media {media.name}: no clip has two seconds without a cut")
    chosen, replaced = [], []
    for number, entry in enumerate(wanted, 1):
        say(f"{entry['name']}, {number} of {len(wanted)}")
        if entry["name"] in long_enough:
            chosen += kept.records("keyframes", entry["name"], partial(choose, entry))
        replaced += kept.records("replacement", entry["name"], partial(replace, entry))
    made = provenance(command=command) | {"mllm": mllm.name, "notices": list(mllm.notices)}
    text = report.text(chosen, replaced, made)
    settings: dict[str, Any] = {
        "counts": keyframes.COUNTS,
        "link": {"snr_db": snr_db, "model": "awgn", "crf": sending.CRF, "counts": keyframes.LINK_COUNTS},
        "seeds": {"chance": choosers.SEED, "bootstrap": intervals.SEED, "link": conditions.seed},
        "bootstrap_draws": intervals.DRAWS,
        "judges": NETWORKS,
    }
    document = {
        "criterion": "docs/psss.md",
        "verdicts": report.verdicts(chosen, replaced),
        "summary": report.summary(chosen, replaced),
        "settings": settings,
        "provenance": made,
        "keyframes": chosen,
        "replacement": replaced,
    }
    write(out, document, text)
    kept.forget()
    return text
