"""What the documentation names is there: links, files, make targets, commands and their flags, settings."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
import yaml
from pydantic_settings import BaseSettings

from channel.settings import ChannelSettings
from console.cli import app
from evaluation.baseline.__main__ import app as baseline
from evaluation.bench.__main__ import app as bench
from receiver.settings import ReceiverSettings
from transmitter.settings import TransmitterSettings

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "NOTICE")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
SETTINGS: list[type[BaseSettings]] = [TransmitterSettings, ChannelSettings, ReceiverSettings]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
VARIABLE = re.compile(r"SEMVID_[A-Z0-9_]*[A-Z0-9*_]")
# What belongs to other programs and repositories, or is made by a command.
FLAGS_OF_OTHERS = {"--extra-index-url", "--strict", "--shm-size", "--cond_type", "--prompt", "--ref"}
FILES_OF_OTHERS = {"256px.py", "768px.py", "judges.py", "results/models.json", "evaluation/rate_quality.py"}
ABROAD = "docs/open-sora.md"  # whose blocks run in the folder of another repository
FLAG = re.compile(r"(?<!\S)(--[a-z][a-z_-]+)")
MACHINE = re.compile(r"(?<![\w.])/(?:work|home|root|tmp|mnt|Users)/[\w.-]+")
# What the changelog says of versions that are gone may name what is gone.
HISTORY = {"CHANGELOG.md"}


each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


class Span(NamedTuple):
    """Code in a page: between backticks, or one line of a block."""

    text: str
    block: bool


@cache
def spans(page: Path) -> tuple[Span, ...]:
    """Code of a page; lines of one command that are continued with a backslash or indented are joined."""
    found, fenced, blocks = [], False, []
    prose: list[str] = []
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or (
            line.startswith("    ") and (not prose or not prose[-1].strip() or prose[-1] == "\0")
        ):
            blocks.append(line)
            prose.append("\0")
        else:
            prose.append(line)
    joined = re.sub(r"\\\n\s*", " ", "\n".join(blocks))
    found += [Span(line, True) for line in joined.splitlines()]
    text = "\n".join(line for line in prose if line != "\0")
    found += [Span(" ".join(code.split()), False) for code in re.findall(r"`([^`]+)`", text)]
    return tuple(found)


def anchors(page: Path) -> set[str]:
    """Anchors that GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


@cache
def tracked() -> tuple[frozenset[str], frozenset[str]]:
    """Files and folders of the repository, also those not yet committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    files = [line for line in listed.stdout.splitlines() if (ROOT / line).exists()]
    return frozenset(files), frozenset(
        str(parent) for file in files for parent in Path(file).parents if str(parent) != "."
    )


def test_every_page_is_looked_at_and_has_code() -> None:
    assert len(PAGES) > 20
    assert sum(len(spans(page)) for page in PAGES) > 500
    assert Span("make demo", False) in spans(ROOT / "README.md") or any(
        span.block and span.text.strip().startswith("make demo") for span in spans(ROOT / "README.md")
    )


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@each_page
def test_files_and_modules_are_there(page: Path) -> None:
    if page.name in HISTORY:
        return
    assert [name for name in _names_of_files(page) if not _is_there(name, page)] == []


def _names_of_files(page: Path) -> Iterator[str]:
    files, folders = tracked()
    top = {name.split("/")[0] for name in files | folders}
    packages = {name for name in folders if "/" not in name and f"{name}/__init__.py" in files}
    for span in spans(page):
        if span.block and page == ROOT / ABROAD:
            continue
        for word in re.split(r"[\s,;:()='\"]+", span.text):
            name = word.rstrip(".")
            ours = "/" in name and name.split("/")[0] in top
            python = "/" not in name and name.endswith((".py", ".proto"))
            dotted = not span.block and "." in name and "/" not in name and name.split(".")[0] in packages
            if (ours or python or dotted) and name not in FILES_OF_OTHERS:
                yield name


def _is_there(name: str, page: Path) -> bool:
    files, folders = tracked()
    path = name.rstrip("/")
    if "<" in path or "*" in path:
        pattern = re.sub(r"<\w+>|\*", "[^/]*", re.escape(path).replace(r"\*", "*").replace(r"\<", "<"))
        return any(re.fullmatch(pattern, one) for one in files | folders) or "<" in path
    if path in files or path in folders:
        return True
    if "/" not in path and path.endswith((".py", ".proto")):
        return any(file == path or file.endswith(f"/{path}") for file in files)
    return "." in path and "/" not in path and _is_attribute(path)


def _is_attribute(dotted: str) -> bool:
    """Whether ``package.module.Thing.attribute`` names a module, or something in a module's text."""
    files, folders = tracked()
    words = dotted.split(".")
    for length in range(len(words), 0, -1):
        path, rest = "/".join(words[:length]), words[length:]
        for file in (f"{path}.py", f"{path}/__init__.py"):
            if file in files:
                text = (ROOT / file).read_text(encoding="utf-8")
                return all(re.search(rf"\b{re.escape(word)}\b", text) for word in rest)
    return dotted.replace(".", "/") in folders


def test_the_house_has_these_rooms() -> None:
    """Every file and folder in the first block of docs/architecture.md."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    files, folders = tracked()
    room, missing, seen = "", [], 0
    for line in page.split("```")[1].splitlines()[1:]:
        indent, names = re.match(r"( *)(.*?)(?:   |$)", line).groups()  # type: ignore[union-attr]
        for name in names.split():
            path = name if not indent else f"{room}{name}"
            if not indent:
                room = name if name.endswith("/") else ""
            seen += 1
            if path.rstrip("/") not in files | folders:
                missing.append(path)
    assert missing == []
    assert seen > 25


def test_the_way_of_a_video_can_be_followed_with_a_finger() -> None:
    """Every numbered step of docs/architecture.md names one function, and the file that it is in."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    steps = re.findall(
        r"^(\d+)\. \*\*[\w ]+\*\* · `([\w.]+)` in \[([\w/.]+)\]\(\.\./\3\)", page, re.MULTILINE
    )
    assert [int(number) for number, _, _ in steps] == list(range(1, page.count("** · ") + 1))
    astray = [
        (name, path)
        for _, name, path in steps
        for word in name.split(".")
        if not re.search(rf"^ *(async def|def|class) {word}\b", _text(path), re.MULTILINE)
    ]
    assert astray == []


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else ""


@each_page
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    assert {"demo", "test"} <= targets
    named = {name for span in spans(page) for name in re.findall(r"\bmake ([a-z][a-z0-9-]*)", span.text)}
    assert named - targets == set()


@cache
def commands() -> dict[str, set[str]]:
    """Commands of ``semvid`` and the flags of each."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, name: str) -> None:
        found[name] = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for word, inner in getattr(command, "commands", {}).items():
            walk(inner, f"{name} {word}".strip())

    walk(typer.main.get_command(app), "")
    walk(typer.main.get_command(bench), "bench")  # handed over as they are
    walk(typer.main.get_command(baseline), "baseline")
    return found


@each_page
def test_commands_and_flags_exist(page: Path) -> None:
    if page.name in HISTORY:
        return
    known, every_flag = commands(), set().union(*commands().values()) | FLAGS_OF_OTHERS | _flags_of_modules()
    wrong = []
    for span in spans(page):
        calls = re.findall(r"(?<![\w./-])semvid ((?:[a-z]+(?![\w./-]) ?)+)([^#&|]*)", span.text)
        if calls and (span.block or span.text.startswith(("semvid", "SEMVID_"))):
            for words, rest in calls:
                command = _longest(words.split(), known)
                if not command or set(FLAG.findall(rest)) - known[command]:
                    wrong.append(span.text)
        elif span.text.startswith(("--", "make ", "python ")) and not span.block:
            wrong += [flag for flag in FLAG.findall(span.text) if flag not in every_flag]
    assert wrong == []


def _longest(words: list[str], known: dict[str, set[str]]) -> str:
    return next((name for n in (2, 1) if (name := " ".join(words[:n])) in known), "")


@cache
def _flags_of_modules() -> set[str]:
    """Flags of ``python -m evaluation...`` and ``python scripts/...``."""
    files, _ = tracked()
    texts = (
        (ROOT / f).read_text(encoding="utf-8")
        for f in files
        if f.startswith(("evaluation/", "scripts/")) and f.endswith(".py")
    )
    return {flag for text in texts for flag in re.findall(r'"(--[a-z][a-z-]+)"', text)}


@cache
def variables() -> set[str]:
    """Environment variables that something reads."""
    found = {
        f"{settings.model_config['env_prefix']}{field}".upper()
        for settings in SETTINGS
        for field in settings.model_fields
    }
    files, _ = tracked()
    for file in files:
        if file.endswith((".py", ".yml", "Makefile", "Dockerfile")) and not file.startswith("tests/unit/"):
            found |= set(
                re.findall(r"\bSEMVID_[A-Z0-9_]*[A-Z0-9]\b", (ROOT / file).read_text(encoding="utf-8"))
            )
    return found


@each_page
def test_settings_exist(page: Path) -> None:
    if page.name in HISTORY:
        return
    named = set(VARIABLE.findall(page.read_text(encoding="utf-8")))
    unknown = {
        name for name in named
        if name not in variables()
        and not (name.endswith(("*", "_")) and any(one.startswith(name.rstrip("*")) for one in variables()))
    }  # fmt: skip
    assert unknown == set()


def test_the_workflow_of_a_public_forge_is_ci_run() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    lowest = re.search(r'requires-python = ">=([\d.]+)"', _text("pyproject.toml"))
    assert lowest
    assert job["strategy"]["matrix"]["python"][0] == lowest[1]
    for name, value in job["env"].items():
        known = name in variables() or re.search(rf"^{name} \?=", _text("Makefile"), re.MULTILINE)
        assert known, name
        assert "shared" not in value


def test_no_page_and_no_result_names_a_folder_of_one_machine() -> None:
    files, _ = tracked()
    public = [
        file for file in files
        if file.startswith(("docs/", "results/", "configs/")) or ROOT / file in PAGES
    ]  # fmt: skip
    texts = [f for f in public if not f.endswith((".png", ".jpg", ".mp4"))]
    assert len(texts) > 30
    assert [f for f in texts if MACHINE.search((ROOT / f).read_text(encoding="utf-8"))] == []
