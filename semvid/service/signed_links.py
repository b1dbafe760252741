"""Links that open one resource for a while, for what cannot show a key: media elements, event streams.

A browser's ``<video>`` and ``EventSource`` send no header of a page's choice. The page shows its key once,
for a resource, and is given a word to add to the addresses of that resource and of what lies below it.
"""

import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime

from pydantic import BaseModel, Field

LIFE_S = 6 * 3600  # a working day's sitting
PARAMETER = "access"


class AccessResource(BaseModel):
    """A word that opens one resource for reading, and what lies below it."""

    access: str = Field(description="to be added as the query parameter `access`")
    expires_at: str = Field(examples=["2026-11-30T12:00:00+00:00"])


class SignedLinks:
    """Signs and checks. The secret is this process's own: links do not outlive it."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def sign(self, path: str) -> AccessResource:
        """Access to ``path`` and what lies below it, from now on for `LIFE_S` seconds."""
        expires = int(time.time()) + LIFE_S
        at = datetime.fromtimestamp(expires, UTC).isoformat("T", "seconds")
        return AccessResource(access=f"{expires}.{self._signature(path, expires)}", expires_at=at)

    def opens(self, access: str, path: str) -> bool:
        """Whether ``access`` was signed for ``path`` or for what it lies below, and has not expired."""
        expires, _, signature = access.partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) < 16 and signature.isascii()):
            return False
        parts = path.split("/")
        signed = ("/".join(parts[:count]) for count in range(2, len(parts) + 1))
        matching = [hmac.compare_digest(signature, self._signature(one, int(expires))) for one in signed]
        return any(matching) and time.time() < int(expires)

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._secret, f"{expires}\n{path}".encode(), hashlib.sha256).hexdigest()
