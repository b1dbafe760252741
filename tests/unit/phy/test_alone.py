"""The physical layer is a library of its own: numpy and numba are all that it needs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "phy.md"
SMALL = ROOT / "distributions" / "phy"
# Refuses whatever is neither of the standard library nor needed; numba looks for more and goes on without.
ALONE = """
import json, sys
ALLOWED = {"semvid", "numpy", "numba", "llvmlite", *sys.stdlib_module_names, *sys.builtin_module_names}

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)

sys.meta_path.insert(0, Refused())
exec(compile(sys.argv[1], "docs/phy.md", "exec"))
print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] == "semvid")))
"""


def example() -> str:
    """The first Python block of docs/phy.md."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(code)


@pytest.fixture(scope="module")
def output() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, example()],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_example_runs_where_nothing_else_is_installed(output):
    """Ten lines behind the imports; about a third is lost at first, and nothing then, as the page says."""
    first, second = (re.fullmatch(r"redundancy version \d: BLER (\d\.\d\d)", line) for line in output[:-1])
    assert 0.2 < float(first[1]) < 0.45
    assert float(second[1]) == 0.0
    code = [line for line in example().splitlines() if line and "import" not in line]
    assert len(code) <= 10


def test_the_interpreter_of_that_test_can_import_nothing_else():
    modules = ["av", "cv2", "fastapi", "grpc", "onnxruntime", "pydantic"]
    attempts = f"""
for module in {modules}:
    try:
        __import__(module)
    except ModuleNotFoundError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", ALONE, attempts], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[:-1] == [f"{module} is not installed here" for module in modules]


def small() -> dict:
    return tomllib.loads((SMALL / "pyproject.toml").read_text("utf-8"))


def test_the_small_distribution_holds_what_was_loaded(output):
    loaded = {name for name in json.loads(output[-1]) if name != "semvid"}
    listed = small()["tool"]["setuptools"]
    packages, modules = listed["packages"], listed["py-modules"]
    assert "semvid.__init__" in modules
    assert {n for n in loaded if n not in packages and n.rpartition(".")[0] not in packages} <= set(modules)
    assert len(loaded) > 15


def test_both_distributions_have_one_version_and_one_set_of_bounds():
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    part = small()["project"]
    assert [part[name] for name in ("version", "requires-python", "license")] == [
        whole[name] for name in ("version", "requires-python", "license")
    ]
    assert set(part["dependencies"]) <= set(whole["dependencies"])


@pytest.mark.slow
def test_the_wheel_alone_runs_the_example(tmp_path):
    """Nothing on the path but the standard library, the wheel, numpy, numba and llvmlite."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--no-build-isolation",
            "-q",
            "-w",
            tmp_path,
            SMALL,
        ],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    packages = Path(np.__file__).parents[1]
    for name in ("numpy", "numpy.libs", "numba", "llvmlite", "llvmlite.libs"):
        if (packages / name).exists():
            (tmp_path / "site" / name).symlink_to(packages / name)
    code = f"import sys\nsys.path.insert(0, {str(tmp_path / 'site')!r})\n{example()}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "BLER 0.00" in done.stdout
