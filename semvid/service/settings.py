"""Settings read from the environment, typed, with unknown keys refused."""

import os
from typing import Any, Literal, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from semvid.errors import InvalidInput


class ServiceSettings(BaseSettings):
    """Base of the services' settings; each service sets its own ``env_prefix``."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least that is logged"
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="console: for people; json: one line an event, for collectors"
    )

    otel_endpoint: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="base of an OTLP/HTTP collector that traces go to, such as http://127.0.0.1:4318; empty: "
        "no traces",
    )

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Reads the environment; ``overrides`` win over it.

        Raises:
            InvalidInput: a value out of range, or an environment variable with this service's prefix that
                is no setting (a misspelt setting must not be ignored).
        """
        prefix = str(cls.model_config.get("env_prefix", ""))
        known = {f"{prefix}{name}".upper() for name in cls.model_fields}
        unknown = sorted(
            key
            for key in os.environ
            if prefix and key.upper().startswith(prefix) and key.upper() not in known
        )
        if unknown:
            raise InvalidInput(
                f"unknown setting {unknown[0]}; {cls.__name__} knows {', '.join(sorted(known))}"
            )
        try:
            return cls(**overrides)
        except ValidationError as error:
            first = error.errors()[0]
            name = prefix + "_".join(str(part) for part in first["loc"]).upper()
            raise InvalidInput(f"setting {name}: {first['msg']}, got {first.get('input')!r}") from error
