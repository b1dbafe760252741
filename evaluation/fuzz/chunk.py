"""Some thousand inputs for one parser, in a process that may crash: ``python -m evaluation.fuzz.chunk``."""

import json
import os
import random
import sys
import tempfile
from pathlib import Path

from evaluation.fuzz.mutation import mutated
from evaluation.fuzz.targets import TARGETS

MOST_FINDINGS = 5  # told of one chunk


def run(name: str, seed: str, count: int) -> dict[str, object]:
    """Feeds ``count`` inputs drawn from ``seed`` to the target ``name``; JSON-ready."""
    draw = random.Random(f"{name} {seed}")
    taken = refused = 0
    findings: list[str] = []
    with tempfile.TemporaryDirectory(prefix="semvid-fuzz-", dir=_memory()) as scratch:
        target = TARGETS[name](Path(scratch))
        for one in target.corpus:
            target.feed(one)  # a corpus that is refused would test nothing
        for _ in range(count):
            data = mutated(draw, target.corpus)
            try:
                target.feed(data)
                taken += 1
            except target.refusals:
                refused += 1
            except Exception as error:
                if len(findings) < MOST_FINDINGS:
                    findings.append(f"{type(error).__name__}: {error}; input {data[:400].hex()}")
    return {"executions": count, "taken": taken, "refused": refused, "findings": findings}


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
