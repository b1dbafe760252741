"""What every REST interface has around it: which pages and names may ask, and what browsers are told."""

from collections.abc import Collection

from fastapi import FastAPI

from semvid.service.answer_headers import AnswerHeaders
from semvid.service.same_origin import SameOrigin


def install_door(app: FastAPI, hosts: Collection[str], origins: Collection[str], setting: str) -> None:
    """Refuses requests of strange pages and for strange names; adds headers to every answer.

    Args:
        app: whose middleware so far lies inside.
        hosts: names that stand for this service beside localhost and IP addresses.
        origins: of pages that may ask beside its own.
        setting: prefix of the service's settings, for messages.
    """
    names = {host.strip("[]").rstrip(".").lower() for host in hosts}
    app.add_middleware(SameOrigin, hosts=names, origins=origins, setting=setting)
    app.add_middleware(AnswerHeaders)
