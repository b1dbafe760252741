"""What an operator decides about a REST interface, the same for each of the services."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import NoDecode

from semvid.errors import InvalidInput
from semvid.service.exposure import listens_beyond_loopback

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def listed(value: Any) -> Any:
    """Setting of several values, separated by commas; ``none``: of none."""
    if not isinstance(value, str):
        return value
    return () if value.strip() in ("none", "") else tuple(one.strip() for one in value.split(","))


class HttpSettings(BaseModel):
    """Who may ask, how long that may take, and how many at once; settings of services inherit it."""

    model_config = ConfigDict(frozen=True)

    open_to_network: bool = Field(
        False,
        description="ports that ask nobody for a key or a certificate may listen elsewhere than on loopback: "
        "something in front of them keeps strangers out",
    )
    keys_file: Path | None = Field(
        None, description="who may use the REST interface, a file of `semvid keys`; None: everybody"
    )
    http_certificate: Path | None = Field(None, description="PEM chain of the REST interface; None: no TLS")
    http_key: Path | None = Field(None, description="PEM private key that belongs to it")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="names under which the REST interface may be asked beside localhost and IP addresses, "
        "separated by commas",
    )
    max_connections: int = Field(512, ge=1, le=65_536, description="of the REST interface; more are told 503")
    header_timeout_s: float = Field(
        10.0, gt=0, description="for the head of a request, from its connection or its first byte"
    )
    silence_s: float = Field(
        120.0, gt=0, description="longest that a client may neither send its body nor take its answer"
    )

    _split = field_validator("allowed_hosts", mode="before")(listed)

    @field_validator("allowed_hosts")
    @classmethod
    def _names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(
                    f"{host!r} is no name of a host; write each in lower case, without port and scheme, and "
                    "no *"
                )
        return hosts

    def check_http(self, prefix: str, name: str, host: str) -> None:
        """Refuses what would let strangers in unasked.

        Args:
            prefix: of the settings, ``SEMVID_TRANSMITTER_``.
            name: of the setting that says where the REST interface listens.
            host: its value.

        Raises:
            InvalidInput: it listens beyond loopback and asks for no key; or TLS lacks a file.
        """
        if (self.http_certificate is None) != (self.http_key is None):
            raise InvalidInput(f"TLS needs both {prefix}HTTP_CERTIFICATE and {prefix}HTTP_KEY")
        if self.keys_file is not None or self.open_to_network or not listens_beyond_loopback(host):
            return
        raise InvalidInput(
            f"{prefix}{name}={host} is reached from other machines, and nobody is asked who they are; make a "
            f"key with `semvid keys new NAME --file keys` and set {prefix}KEYS_FILE=keys, or set "
            f"{prefix}OPEN_TO_NETWORK=true where something else keeps strangers out"
        )

    def check_link(self, prefix: str, name: str, address: str, mutual_tls: bool) -> None:
        """The same for a gRPC port, which asks for certificates instead.

        Args:
            prefix: of the settings.
            name: of the setting that says where it listens.
            address: its value, ``host:port``.
            mutual_tls: clients must show a certificate.

        Raises:
            InvalidInput: it listens beyond loopback and asks for no certificate.
        """
        host = address if address.startswith("unix") else address.rpartition(":")[0]
        if mutual_tls or self.open_to_network or not listens_beyond_loopback(host):
            return
        raise InvalidInput(
            f"{prefix}{name}={address} is reached from other machines, and nobody is asked who they are; set "
            f"{prefix}TLS_CERTIFICATE, {prefix}TLS_KEY and {prefix}TLS_CLIENT_AUTHORITY, or "
            f"{prefix}OPEN_TO_NETWORK=true where something else keeps strangers out"
        )
