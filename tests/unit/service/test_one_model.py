"""The model that a service's settings name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from semvid.errors import InvalidInput, MissingComponent
from semvid.service.one_model import Backend, OneModel

HOW = "SEMVID_RECEIVER_CAT=tame:NAME"


class Cats:
    """Counts what is asked of it."""

    def __init__(self) -> None:
        self.checked: list[str] = []
        self.loaded: list[str] = []

    def check(self, name: str) -> None:
        self.checked.append(name)
        if name == "lion":
            raise InvalidInput("tame:lion is not tame")

    def load(self, name: str) -> str:
        self.loaded.append(name)
        return f"the cat {name}"

    def named(self, name: str) -> OneModel[str]:
        return OneModel(name, {"tame": Backend(self.check, self.load)}, "cat", "pet: cat", HOW)


def test_it_is_loaded_once_whoever_asks_and_not_before() -> None:
    cats = Cats()
    model = cats.named("tame:tom")
    assert model.named
    model.check()
    assert (cats.checked, cats.loaded) == (["tom"], [])
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: model.open(), range(32))) == {"the cat tom"}
    assert cats.loaded == ["tom"]


def test_what_cannot_work_is_refused_before_it_is_loaded() -> None:
    cats = Cats()
    for look in ("check", "open"):
        with pytest.raises(InvalidInput, match="is not tame"):
            getattr(cats.named("tame:lion"), look)()
    assert cats.loaded == []


def test_without_one_the_option_says_who_can_name_one() -> None:
    none = Cats().named("")
    assert not none.named
    with pytest.raises(MissingComponent) as caught:
        none.open()
    assert str(caught.value) == (
        f"option pet: cat needs a cat, and this service has none; its operator sets {HOW}"
    )


@pytest.mark.parametrize("name", ["tom", "wild:tom", "tame:"])
def test_a_name_that_is_none_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"there is no cat '{name}'; set SEMVID_RECEIVER_CAT"):
        Cats().named(name)
