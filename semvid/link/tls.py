"""TLS for the link, optional; mutual when both ends are given certificates and authorities."""

from dataclasses import dataclass
from pathlib import Path

import grpc

from semvid.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class ServerTls:
    """Files of a server, PEM.

    Attributes:
        certificate: chain, the server's own certificate first.
        key: its private key.
        client_authority: if given, clients must show a certificate that this authority signed.
    """

    certificate: Path
    key: Path
    client_authority: Path | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """Reads the files.

        Raises:
            InvalidInput: a file cannot be read.
        """
        authority = _read(self.client_authority) if self.client_authority else None
        return grpc.ssl_server_credentials(
            [(_read(self.key), _read(self.certificate))],
            root_certificates=authority,
            require_client_auth=authority is not None,
        )


@dataclass(frozen=True, slots=True)
class ClientTls:
    """Files of a client, PEM.

    Attributes:
        authority: who must have signed the server's certificate; None: the authorities gRPC trusts.
        certificate, key: what the client shows to a server that asks; both or neither.
    """

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InvalidInput("a TLS client needs its certificate and its key, or neither")

    def credentials(self) -> grpc.ChannelCredentials:
        """Reads the files.

        Raises:
            InvalidInput: a file cannot be read.
        """
        return grpc.ssl_channel_credentials(
            root_certificates=_read(self.authority) if self.authority else None,
            private_key=_read(self.key) if self.key else None,
            certificate_chain=_read(self.certificate) if self.certificate else None,
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"cannot read the TLS file {path}: {error.strerror}") from error
