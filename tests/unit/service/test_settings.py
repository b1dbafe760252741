from __future__ import annotations

import pytest

from semvid.errors import InvalidInput
from transmitter.settings import TransmitterSettings


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMVID_TRANSMITTER_PORT", "9000")
    assert TransmitterSettings.load().port == 9000
    assert TransmitterSettings.load(port=9001).port == 9001


def test_misspelt_settings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMVID_TRANSMITTER_PROT", "9000")
    with pytest.raises(InvalidInput, match="SEMVID_TRANSMITTER_PROT"):
        TransmitterSettings.load()


def test_values_out_of_range_name_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMVID_TRANSMITTER_PORT", "70000")
    with pytest.raises(InvalidInput, match="SEMVID_TRANSMITTER_PORT"):
        TransmitterSettings.load()
