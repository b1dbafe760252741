"""Settings of the channel service, ``SEMVID_CHANNEL_*`` in the environment."""

import dataclasses
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from channel.conditions import SEED, Conditions
from semvid.channel_options import CHANNEL_RANGES, ChannelOptions
from semvid.errors import InvalidInput
from semvid.link.tls import ClientTls, ServerTls
from semvid.service.http_settings import HttpSettings
from semvid.service.settings import ServiceSettings
from semvid.snr_trace import with_trace
from semvid.waveform import SAMPLES_PER_SYMBOL, RadioFrame


def _at_start(name: str) -> Any:
    """A condition: its default from the conditions, its range and meaning from the options."""
    option = ChannelOptions.model_fields[name]
    low, high = CHANNEL_RANGES[name]
    default = Conditions.__dataclass_fields__[name].default
    return Field(default, ge=low, le=high, description=option.description)


def zmq_addresses(air: str) -> tuple[str, str] | None:
    """Where a radio's samples go out and come back, of ``SEMVID_CHANNEL_AIR``; None: there is none.

    Raises:
        InvalidInput: neither ``emulated`` nor ``zmq:OUT,BACK``.
    """
    if air == "emulated":
        return None
    kind, _, rest = air.partition(":")
    addresses = rest.split(",")
    if kind != "zmq" or len(addresses) != 2 or not all("://" in address for address in addresses):
        raise InvalidInput(
            f"SEMVID_CHANNEL_AIR must be emulated, or zmq:OUT,BACK with two addresses as in "
            f"zmq:tcp://127.0.0.1:5555,tcp://127.0.0.1:5556, got {air!r}"
        )
    return addresses[0], addresses[1]


class ChannelSettings(HttpSettings, ServiceSettings):
    """Addresses, the conditions at the start, and every bound of the channel."""

    model_config = SettingsConfigDict(env_prefix="SEMVID_CHANNEL_", extra="forbid", frozen=True)

    listen: str = Field(
        "127.0.0.1:50061", description="address of the gRPC services; port 0 takes a free one"
    )
    receiver: str = Field("127.0.0.1:50062", description="next LinkService: a receiver or another channel")
    http_host: str = Field("127.0.0.1", description="address of /healthz, /readyz and /metrics")
    http_port: int | None = Field(None, ge=0, le=65_535, description="port of these; unset: no HTTP")

    model: str = Field("awgn", description="channel model at the start, a chain of them, or trace:FILE")
    snr_db: float = _at_start("snr_db")
    coherence_symbols: int = _at_start("coherence_symbols")
    rician_k_db: float = _at_start("rician_k_db")
    seed: int = Field(0, ge=SEED[0], le=SEED[1], description="same seed, same channel; differ along a chain")
    delay_spread_ns: float = _at_start("delay_spread_ns")
    doppler_hz: float = _at_start("doppler_hz")
    symbol_rate_hz: float = _at_start("symbol_rate_hz")
    pause_ms: float = _at_start("pause_ms")
    bad_symbols: float = _at_start("bad_symbols")
    bad_share: float = _at_start("bad_share")
    bad_loss_db: float = _at_start("bad_loss_db")
    cfo_hz: float = _at_start("cfo_hz")
    phase_noise_deg: float = _at_start("phase_noise_deg")
    phase_noise_hz: float = _at_start("phase_noise_hz")
    return_snr_db: float = _at_start("return_snr_db")
    return_delay_ms: float = _at_start("return_delay_ms")

    air: str = Field(
        "emulated",
        description="emulated: the channel model; zmq:OUT,BACK: a radio, samples out at one ZeroMQ address, "
        "back at another",
    )
    air_timeout_s: float = Field(2.0, gt=0, le=600, description="radio: until a burst counts as lost")
    samples_per_symbol: int = Field(
        2, ge=SAMPLES_PER_SYMBOL[0], le=SAMPLES_PER_SYMBOL[1], description="radio: of the pulses"
    )
    preamble_symbols: int = Field(
        RadioFrame().preamble, ge=64, le=1024, multiple_of=16, description="radio: before every burst"
    )
    reference_symbols: int = Field(
        RadioFrame().reference, ge=8, le=256, description="radio: after every stretch of a burst"
    )
    reference_stretch: int = Field(
        RadioFrame().stretch, ge=64, le=16_384, description="radio: symbols between two references"
    )
    record_dir: Path | None = Field(
        None, description="folder for SigMF recordings of what is sent and received; unset: none are made"
    )

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
        zmq_addresses(self.air)
        tls = self.server_tls()
        prefix = "SEMVID_CHANNEL_"
        self.check_link(prefix, "LISTEN", self.listen, bool(tls and tls.client_authority))
        if self.http_port is not None:
            self.check_http(prefix, "HTTP_HOST", self.http_host)
        self.receiver_credentials()
        return self

    def radio_frame(self) -> RadioFrame:
        """Known symbols that a radio puts around a burst."""
        return RadioFrame(self.preamble_symbols, self.reference_symbols, self.reference_stretch)

    def conditions(self) -> Conditions:
        """The default conditions at the start.

        Raises:
            InvalidInput: values that contradict each other, or a trace that cannot be read.
        """
        return self._conditions

    @cached_property
    def _conditions(self) -> Conditions:
        named = {field.name for field in dataclasses.fields(Conditions)} & set(type(self).model_fields)
        values = {name: getattr(self, name) for name in named}
        values["model"], trace = with_trace(self.model)
        return Conditions(**values, snr_trace=trace or ())

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
