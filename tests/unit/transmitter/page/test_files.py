"""The page's files: what they ask for is there, they parse, and nothing comes from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from receiver.app import create_app as create_receiver
from receiver.settings import ReceiverSettings
from transmitter.app import create_app as create_transmitter
from transmitter.page import FOLDER
from transmitter.settings import TransmitterSettings

SCRIPTS = sorted(FOLDER.glob("*.js"))
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in {".html", ".css", ".js", ".svg"})
NAMESPACE = "http://www.w3.org/2000/svg"  # a name, never fetched
VOID = {"meta", "link", "input", "img", "br"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_names_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(NAMESPACE, "")
    assert re.findall(r"[a-z]+://|\burl\(|@import|['\"]//", text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_markup_from_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text)
        == []
    )
    assert re.findall(r"""setAttribute\(["']style|[{,]\s*style:""", text) == []  # the policy forbids it


@pytest.mark.skipif(not shutil.which("node"), reason="needs node, which parses JavaScript")
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_parse(path: Path) -> None:
    done = subprocess.run(
        ["node", "--check", "--input-type=module"],
        input=path.read_bytes(), capture_output=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()


def test_imports_lead_to_what_is_exported() -> None:
    exported = {
        path.name: set(
            re.findall(r"^export (?:async )?(?:const|function|class) (\w+)", path.read_text(), re.M)
        )
        for path in SCRIPTS
    }
    seen = 0
    for path in SCRIPTS:
        for names, module in re.findall(r'^import \{([^}]*)\} from "\./([\w.]+)";', path.read_text(), re.M):
            wanted = {name.split(" as ")[0].strip() for name in names.split(",")}
            assert wanted <= exported[module], f"{path.name} wants {wanted - exported[module]} of {module}"
            seen += 1
        assert len(re.findall(r"^import ", path.read_text(), re.M)) == len(
            re.findall(r'^import \{[^}]*\} from "\./[\w.]+";', path.read_text(), re.M)
        )
    assert seen > 20


class Tags(HTMLParser):
    """Refuses tags that are not closed in order; keeps every start tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def test_the_document_is_well_formed_and_asks_only_for_files_that_are_there() -> None:
    tags = Tags()
    tags.feed((FOLDER / "index.html").read_text(encoding="utf-8"))
    tags.close()
    assert tags.open == []
    asked = [
        attributes.get("src") or attributes.get("href")
        for tag, attributes in tags.seen
        if tag in {"script", "link", "img"}
    ]
    assert len(asked) >= 3
    for address in asked:
        assert address is not None, "a script or style without address would be inline"
        assert (FOLDER / address.removeprefix("/page/")).is_file()
    ids = [attributes["id"] for _, attributes in tags.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags.seen:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_every_path_that_the_page_uses_is_in_the_openapi_documents(tmp_path: Path) -> None:
    transmitter = create_transmitter(TransmitterSettings.load(data_dir=tmp_path / "t")).openapi()["paths"]
    receiver = create_receiver(ReceiverSettings.load(data_dir=tmp_path / "r")).openapi()["paths"]
    text = (FOLDER / "api.js").read_text(encoding="utf-8")
    found = re.findall(r"`((?:\$\{TRANSMISSIONS\}|\$\{videoUrl\})[^`]*)`(?:, \{\s*method: \"(\w+)\")?", text)
    names = {"TRANSMISSIONS": "/v1/transmissions", "videoUrl": "/v1/videos/{video_id}"}
    names |= {"id": "{transmission_id}", "number": "{number}", "questionId": "{question_id}"}
    missing = []
    for template, method in found:
        path = template.partition("?")[0]
        path = re.sub(r"\$\{(\w+)\}", lambda match: names[match[1]], path)
        paths = receiver if path.startswith("/v1/videos") else transmitter
        if (method or "GET").lower() not in paths.get(path, {}):
            missing.append((method or "GET", path))
    assert missing == []
    assert len(found) >= 14
    assert 'const TRANSMISSIONS = "/v1/transmissions";' in text
    others = [
        path
        for path in SCRIPTS
        if path.name not in {"api.js", "tus.js"} and re.search(r"/v1/|fetch\(|EventSource", path.read_text())
    ]
    assert others == []


def test_an_installation_has_every_file() -> None:
    pyproject = tomllib.loads((FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = pyproject["tool"]["setuptools"]["package-data"]["*"]
    others = [path for path in FOLDER.iterdir() if path.is_file() and path.suffix not in {".py", ".pyc"}]
    assert len(others) == len(FILES)
    assert [path.name for path in others if not any(path.match(pattern) for pattern in patterns)] == []
