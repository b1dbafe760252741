"""Kills services, cuts, holds up and delays links and fills disks while videos are handed in.

    python -m evaluation.chaos --kills 500 --seed 1 --out results/chaos.json

Every video that was accepted must end SUCCEEDED with all of its frames, or FAILED with a reason that a fault
explains that was felt then; none may be lost, doubled or stuck. It goes in rounds, each with services, disks
and folders of its own; rounds that the file has are not run again. Exit code 1 where a promise was broken.
"""

import json
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluation.chaos.faults import Faults
from evaluation.chaos.judgement import get, judge
from evaluation.chaos.report import document, text
from evaluation.chaos.small_disk import enter_namespace
from evaluation.chaos.trio import running
from evaluation.chaos.uploads import Uploads, make_clips
from evaluation.provenance import commit, machine_free, write
from semvid.errors import InvalidInput, SemvidError


def main(
    kills: Annotated[int, typer.Option(min=1, help="in all; all three at once count once")] = 30,
    seed: Annotated[int, typer.Option(help="of victims, moments and clips")] = 1,
    per_round: Annotated[int, typer.Option(min=1, help="kills of one round")] = 50,
    disks: Annotated[bool, typer.Option(help="fill the disks of transmitter and receiver, too")] = True,
    out: Annotated[Path | None, typer.Option(help="for the account, .json; rounds in it are kept")] = None,
    folder: Annotated[Path | None, typer.Option(help="for logs; a temporary one by default")] = None,
) -> None:
    """Breaks things and prints what became of them, as JSON."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # services and disks go along
    try:
        if disks:
            enter_namespace()
        settings = {"seed": seed, "kills_per_round": per_round, "disks": disks}
        rounds = _before(out, settings)
        while (missing := kills - sum(one["kills"] for one in rounds)) > 0:
            with ExitStack() as stack:
                temporary = tempfile.TemporaryDirectory(prefix="semvid-chaos-")
                where = (folder or Path(stack.enter_context(temporary))) / f"round-{len(rounds)}"
                where.mkdir(parents=True)
                rounds.append(_round(where, f"{seed}-{len(rounds)}", min(missing, per_round), disks))
            made = document(settings, rounds)
            write(out, made, text(made))
            print(f"round {len(rounds)}: {rounds[-1]}", file=sys.stderr)
    except SemvidError as error:
        print(f"chaos: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    made = document(settings, rounds)
    print(json.dumps(made, indent=2))
    sys.exit(1 if made["broken"] else 0)


def _before(out: Path | None, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Rounds that were run already.

    Raises:
        InvalidInput: they were run with other settings.
    """
    if out is None or not out.exists():
        return []
    made = json.loads(out.read_bytes())
    if made["settings"] != settings:
        raise InvalidInput(f"{out} was made with {made['settings']}, not {settings}; take another file")
    rounds: list[dict[str, Any]] = made["rounds"]
    return rounds


def _round(folder: Path, seed: str, kills: int, disks: bool) -> dict[str, Any]:
    started = time.monotonic()
    with running(folder, disks) as trio:
        faults = Faults(trio, seed)
        try:
            with Uploads(trio.transmitter, make_clips(folder), seed) as uploads:
                try:
                    while get(f"{trio.transmitter}/healthz") is None or not uploads.accepted:
                        time.sleep(0.1)
                    while faults.kills < kills:
                        faults.step()
                finally:
                    faults.stop()
            account = judge(trio, uploads, faults.done)
        except SemvidError as error:
            account = {
                "accepted": len(uploads.accepted),
                "outcomes": {},
                "attempts": {},
                "broken": [str(error)],
            }
    done = Counter(f"{fault.kind} {fault.target}" for fault in faults.done)
    return {
        "seed": seed,
        "commit": commit(),
        "kills": faults.kills,
        "faults": dict(sorted(done.items())),
        "seconds": round(time.monotonic() - started, 1),
        **machine_free(account),
    }


if __name__ == "__main__":
    typer.run(main)
