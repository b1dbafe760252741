"""Settings of the channel service, ``SEMVID_CHANNEL_*`` in the environment."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from channel.conditions import COHERENCE_SYMBOLS, RICIAN_K_DB, SEED, SNR_DB, Conditions
from semvid.errors import InvalidInput
from semvid.link.tls import ClientTls, ServerTls
from semvid.service.http_settings import HttpSettings
from semvid.service.settings import ServiceSettings


class ChannelSettings(HttpSettings, ServiceSettings):
    """Addresses, the conditions at the start, and every bound of the channel."""

    model_config = SettingsConfigDict(env_prefix="SEMVID_CHANNEL_", extra="forbid", frozen=True)

    listen: str = Field(
        "127.0.0.1:50061", description="address of the gRPC services; port 0 takes a free one"
    )
    receiver: str = Field("127.0.0.1:50062", description="next LinkService: a receiver or another channel")
    http_host: str = Field("127.0.0.1", description="address of /healthz, /readyz and /metrics")
    http_port: int | None = Field(None, ge=0, le=65_535, description="port of these; unset: no HTTP")

    model: str = Field("awgn", description="channel model at the start")
    snr_db: float = Field(10.0, ge=SNR_DB[0], le=SNR_DB[1], description="mean received Es/N0, dB")
    coherence_symbols: int = Field(256, ge=COHERENCE_SYMBOLS[0], le=COHERENCE_SYMBOLS[1])
    rician_k_db: float = Field(6.0, ge=RICIAN_K_DB[0], le=RICIAN_K_DB[1])
    seed: int = Field(0, ge=SEED[0], le=SEED[1], description="same seed, same noise; differ along a chain")

    check_power: bool = Field(
        True, description="refuse symbols above unit mean power; false where another channel feeds this one"
    )
    max_transmissions: int = Field(64, ge=1, description="under way at once; one more is refused")
    max_symbols: int = Field(2**33, ge=1, description="of one transmission")
    open_timeout_s: float = Field(10.0, gt=0, description="for the first message of a transmission")
    idle_timeout_s: float = Field(3600.0, gt=0, description="between two bursts of a transmission")
    drain_s: float = Field(10.0, ge=0, description="for running transmissions when the service is stopped")

    tls_certificate: Path | None = Field(None, description="PEM chain; unset: no TLS towards senders")
    tls_key: Path | None = Field(None, description="its private key, PEM")
    tls_client_authority: Path | None = Field(None, description="senders must show a certificate it signed")
    receiver_tls: bool = Field(False, description="TLS towards the receiver")
    receiver_tls_authority: Path | None = Field(None, description="who signed its certificate, PEM")
    receiver_tls_certificate: Path | None = Field(None, description="what to show to the receiver, PEM")
    receiver_tls_key: Path | None = Field(None, description="its private key, PEM")

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.conditions()
        tls = self.server_tls()
        prefix = "SEMVID_CHANNEL_"
        self.check_link(prefix, "LISTEN", self.listen, bool(tls and tls.client_authority))
        if self.http_port is not None:
            self.check_http(prefix, "HTTP_HOST", self.http_host)
        self.receiver_credentials()
        return self

    def conditions(self) -> Conditions:
        """The default conditions at the start."""
        return Conditions(self.model, self.snr_db, self.coherence_symbols, self.rician_k_db, self.seed)

    def server_tls(self) -> ServerTls | None:
        """TLS towards senders, if any."""
        if self.tls_certificate and self.tls_key:
            return ServerTls(self.tls_certificate, self.tls_key, self.tls_client_authority)
        if self.tls_certificate or self.tls_key or self.tls_client_authority:
            raise InvalidInput("TLS needs both SEMVID_CHANNEL_TLS_CERTIFICATE and SEMVID_CHANNEL_TLS_KEY")
        return None

    def receiver_credentials(self) -> ClientTls | None:
        """TLS towards the receiver, if any."""
        files = (self.receiver_tls_authority, self.receiver_tls_certificate, self.receiver_tls_key)
        if self.receiver_tls:
            return ClientTls(*files)
        if any(files):
            raise InvalidInput(
                "SEMVID_CHANNEL_RECEIVER_TLS_* is set but SEMVID_CHANNEL_RECEIVER_TLS is not true"
            )
        return None
