"""Settings of the channel: environment, ranges, TLS pairs."""

from __future__ import annotations

import pytest

from channel.conditions import Conditions
from channel.settings import ChannelSettings
from semvid.errors import InvalidInput


def test_defaults():
    settings = ChannelSettings.load()
    assert (settings.listen, settings.receiver) == ("127.0.0.1:50061", "127.0.0.1:50062")
    assert settings.conditions() == Conditions("awgn", 10, 256, 6, 0)
    assert settings.http_port is None
    assert settings.server_tls() is settings.receiver_credentials() is None


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("SEMVID_CHANNEL_MODEL", "rician")
    monkeypatch.setenv("SEMVID_CHANNEL_SNR_DB", "-4.5")
    assert ChannelSettings.load().conditions() == Conditions("rician", -4.5)


def test_a_misspelt_setting_is_refused(monkeypatch):
    monkeypatch.setenv("SEMVID_CHANNEL_SNR", "3")
    with pytest.raises(InvalidInput, match="unknown setting SEMVID_CHANNEL_SNR;"):
        ChannelSettings.load()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"snr_db": 60.5}, "SEMVID_CHANNEL_SNR_DB"),
        ({"snr_db": "nan"}, "SEMVID_CHANNEL_SNR_DB"),
        ({"coherence_symbols": 0}, "SEMVID_CHANNEL_COHERENCE_SYMBOLS"),
        ({"seed": 2**64}, "SEMVID_CHANNEL_SEED"),
        ({"max_transmissions": 0}, "SEMVID_CHANNEL_MAX_TRANSMISSIONS"),
        ({"model": "tdl"}, "no channel model 'tdl'"),
        ({"tls_key": "key.pem"}, "TLS needs both"),
        ({"tls_client_authority": "ca.pem"}, "TLS needs both"),
        ({"receiver_tls_authority": "ca.pem"}, "SEMVID_CHANNEL_RECEIVER_TLS is not true"),
        ({"receiver_tls": True, "receiver_tls_key": "key.pem"}, "its certificate and its key, or neither"),
    ],
)
def test_wrong_settings_are_refused_by_name(wrong, says):
    with pytest.raises(InvalidInput, match=says):
        ChannelSettings.load(**wrong)


def test_an_operator_names_the_file_of_a_trace(tmp_path, monkeypatch):
    (tmp_path / "drive.csv").write_text("0,5\n1,-3\n")
    monkeypatch.setenv("SEMVID_CHANNEL_MODEL", f"tdl-a+trace:{tmp_path / 'drive.csv'}")
    monkeypatch.setenv("SEMVID_CHANNEL_DOPPLER_HZ", "20")
    conditions = ChannelSettings.load().conditions()
    assert (conditions.model, conditions.doppler_hz) == ("tdl-a+trace", 20.0)
    assert conditions.snr_trace == ((0.0, 5.0), (1.0, -3.0))
    with pytest.raises(InvalidInput, match="No such file"):
        ChannelSettings.load(model="trace:missing.csv")
