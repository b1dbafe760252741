"""The token model of a service."""

from functools import partial

from semvid.service.one_model import Backend, OneModel
from semvid.tokens import amused
from semvid.tokens.model import TokenModel


class TokenLibrary(OneModel[TokenModel]):
    """See `OneModel`; kinds of token models are listed here.

    Args:
        name: PREFIX:ARGUMENT; empty: there is none, and `PictureCoding.TOKENS` is refused.
        device: cpu or cuda[:N].
        variable: of the environment, that names the model.
        fills: missing tokens will be drawn.

    Raises:
        InvalidInput: an unknown prefix.
    """

    def __init__(self, name: str, device: str, variable: str, fills: bool) -> None:
        backends: dict[str, Backend[TokenModel]] = {
            "hf": Backend(
                partial(amused.check, device=device), partial(amused.AmusedTokens, device=device, fills=fills)
            )
        }
        how = f"{variable}=hf:ID-OR-PATH, for example {amused.EXAMPLES}"
        super().__init__(name, backends, "token model", "coding: tokens", how)
