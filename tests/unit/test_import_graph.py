"""Who imports whom, over all packages; other rules are contracts of import-linter (pyproject.toml)."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = ("semvid", "console", "transmitter", "channel", "receiver", "evaluation", "training")


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions count: one that hides a circle shows that something is in the wrong room."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))
