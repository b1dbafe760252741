from __future__ import annotations

import pytest

from receiver.decoders.options import PRESETS, DecoderOptions
from receiver.settings import ReceiverSettings
from semvid.errors import InvalidInput


@pytest.mark.parametrize("card", PRESETS)
def test_a_preset_fills_what_is_not_given(card: str) -> None:
    options = DecoderOptions(card=card, quantisation="fp8", steps=3).with_preset()  # type: ignore[arg-type]
    assert (options.quantisation, options.steps) == ("fp8", 3)
    assert options.pixels == PRESETS[card]["pixels"]
    assert options.offload == PRESETS[card]["offload"]


def test_without_a_card_nothing_changes() -> None:
    assert DecoderOptions(steps=3).with_preset() == DecoderOptions(steps=3)


@pytest.mark.parametrize("bad", [{"card": "8gb"}, {"steps": 0}, {"batch": 0}, {"frames": 4}, {"pixels": 9}])
def test_what_makes_no_sense_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=r"24gb|at least"):
        DecoderOptions(**bad)  # type: ignore[arg-type]


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CARD": "24gb",
        "STEPS": "4",
        "GUIDANCE": "",
        "DISTILLED": "yes",
        "LENGTHS": "sfa",
    }.items():
        monkeypatch.setenv(f"SEMVID_RECEIVER_DECODER_{name}", value)
    options = ReceiverSettings.load().decoder_options()
    assert options == DecoderOptions(card="24gb", steps=4, distilled=True, lengths="sfa")


def test_a_wrong_value_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMVID_RECEIVER_DECODER_OFFLOAD", "sideways")
    with pytest.raises(InvalidInput, match=r"SEMVID_RECEIVER_DECODER_OFFLOAD.*'none', 'model' or 'group'"):
        ReceiverSettings.load()
