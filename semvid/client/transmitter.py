"""Client of the transmitter: hands in clips and follows their transmission."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from semvid import errors
from semvid.client.events import StreamLost, follow
from semvid.client.http import Json, ServiceClient, error_from

FINAL_STATES = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_POLL_S = 0.5


class TransmitterClient(ServiceClient):
    """Speaks to one transmitter. Resources are the JSON objects of its REST interface."""

    actor = "transmitter"
    start_hint = "start it with `semvid serve transmitter`, or name another with --transmitter"

    def submit(self, clip: Path, options: Mapping[str, Any] | None = None) -> Json:
        """Uploads ``clip``, read from disk as it goes, and returns the new transmission.

        Args:
            clip: a video file.
            options: fields of `semvid.options.TransmissionOptions`, JSON-ready; those left out take the
                transmitter's defaults.

        Raises:
            InvalidInput: no such file, or the transmitter refuses the file or the options.
            Busy: all its places are taken.
            LinkFailed: the transmitter cannot be reached.
        """
        if not clip.is_file():
            raise errors.InvalidInput(f"clip: there is no file {clip}; give the path of a video file")
        with self._failures(), _open_clip(clip) as file:
            response = self._http.post(
                "/v1/transmissions",
                files={"file": (clip.name, file, "application/octet-stream")},
                data={"options": json.dumps(dict(options or {}))},
            )
            self._raise_for(response)
            return dict(response.json())

    def begin_live(self, head: bytes, name: str, options: Mapping[str, Any] | None = None) -> Json:
        """Hands in the beginning of a live source; returns the new transmission, which waits for the rest.

        Args:
            head: some seconds of Matroska.
            name: of the source, to be shown.
            options: as for `submit`.

        Raises:
            InvalidInput: the transmitter refuses the beginning or the options.
            Busy: all its places are taken; a live source cannot wait.
            LinkFailed: the transmitter cannot be reached.
        """
        with self._failures():
            response = self._http.post(
                "/v1/live",
                files={"file": (name, head, "video/x-matroska")},
                data={"options": json.dumps(dict(options or {}))},
            )
            self._raise_for(response)
            return dict(response.json())

    def continue_live(self, transmission_id: str, rest: Iterator[bytes]) -> None:
        """Hands in the rest of a live source, as long as ``rest`` gives some.

        Raises:
            Conflict: the transmission is over, or somebody else goes on with it.
            LinkFailed: the transmitter cannot be reached any more.
        """
        with self._failures():
            self._raise_for(self._http.put(_path(transmission_id, "/live"), content=rest))

    def transmission(self, transmission_id: str) -> Json:
        """The resource as it is now.

        Raises:
            NotFound: no such transmission.
        """
        return dict(self._get(_path(transmission_id)))

    def semantics(self, transmission_id: str) -> Json:
        """Keyframes, candidates, captions and motion scores of a transmission."""
        return dict(self._get(_path(transmission_id, "/semantics")))

    def cancel(self, transmission_id: str) -> None:
        """Stops a transmission; one that has ended already stays as it is."""
        with self._failures(), suppress(errors.Conflict):
            self._raise_for(self._http.delete(_path(transmission_id)))

    def watch(
        self,
        transmission_id: str,
        update: Callable[[Json], None] = lambda _: None,
        notice: Callable[[str], None] = lambda _: None,
    ) -> Json:
        """Follows a transmission to its end and returns the final resource.

        Args:
            transmission_id: whose.
            update: called with every event's data (state, stage, progress, cbr, total_symbols).
            notice: told when the event stream is lost and polling takes over.

        Raises:
            SemvidError: of the kind that the transmitter reports, when the transmission failed.
        """
        try:
            for event in follow(self._http, _path(transmission_id, "/events")):
                data = _object(event.data)
                update(data)
                if data.get("state") in FINAL_STATES:
                    break
            else:
                raise StreamLost("the stream ended early")
        except StreamLost as error:
            notice(
                f"transmitter: progress events are not to be had ({error}); asking every {_POLL_S} s instead"
            )
        while (resource := self.transmission(transmission_id))["state"] not in FINAL_STATES:
            update(resource)
            time.sleep(_POLL_S)
        if resource["state"] == "CANCELLED":
            raise errors.Cancelled(f"transmission {transmission_id} was cancelled")
        if resource["state"] == "FAILED":
            unknown = {"detail": "the transmission failed, and it is not known why; see the log"}
            raise error_from(resource.get("error") or unknown, self.actor)
        return resource


def _path(transmission_id: str, rest: str = "") -> str:
    return f"/v1/transmissions/{quote(transmission_id, safe='')}{rest}"


def _open_clip(clip: Path) -> BinaryIO:
    try:
        return clip.open("rb")
    except OSError as error:
        raise errors.InvalidInput(f"clip: {clip} cannot be read: {error.strerror}") from error


def _object(text: str) -> Json:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
