from __future__ import annotations

from pathlib import Path

import pytest

from receiver.settings import ReceiverSettings
from semvid.errors import InvalidInput


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMVID_RECEIVER_LINK_ADDRESS", "127.0.0.2:1")
    monkeypatch.setenv("SEMVID_RECEIVER_DATA_DIR", "/somewhere")
    settings = ReceiverSettings.load()
    assert (settings.link_address, settings.data_dir) == ("127.0.0.2:1", Path("/somewhere"))
    assert (settings.host, settings.port) == ("127.0.0.1", 8082)


def test_a_misspelt_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMVID_RECEIVER_DATADIR", "/somewhere")
    with pytest.raises(InvalidInput, match="SEMVID_RECEIVER_DATADIR"):
        ReceiverSettings.load()


def test_tls_needs_certificate_and_key() -> None:
    assert ReceiverSettings.load().server_tls() is None
    both = ReceiverSettings.load(tls_certificate=Path("c"), tls_key=Path("k"))
    assert both.server_tls() is not None
    with pytest.raises(InvalidInput, match="TLS needs both"):
        ReceiverSettings.load(tls_certificate=Path("c"))
