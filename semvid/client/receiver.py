"""Client of the receiver: waits for videos and fetches them and all that they were made of."""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from semvid import errors
from semvid.client.http import Json, ServiceClient, error_from
from semvid.service.files import replacing

FINAL_STATES = frozenset({"SUCCEEDED", "TRUNCATED", "FAILED"})
_POLL_S = 0.4
_PAGE = 500
_CHUNK = 1 << 18


class ReceiverClient(ServiceClient):
    """Speaks to one receiver. The id of a video is the id of its transmission."""

    actor = "receiver"
    start_hint = "start it with `semvid serve receiver`, or name another with --receiver"

    def video(self, video_id: str) -> Json:
        """The resource as it is now.

        Raises:
            NotFound: no such video.
        """
        return dict(self._get(_path(video_id)))

    def videos(self) -> list[Json]:
        """The newest videos."""
        return list(self._get("/v1/videos")["videos"])

    def wait(self, video_id: str, update: Callable[[Json], None] = lambda _: None) -> Json:
        """Waits until the video is finished, whole or not, and returns the final resource.

        Args:
            video_id: which.
            update: called with the resource after every look.
        """
        while True:
            resource = self.video(video_id)
            update(resource)
            if resource["state"] in FINAL_STATES:
                return resource
            time.sleep(_POLL_S)

    def ask(
        self,
        video_id: str,
        question: str,
        answered_by: str = "source",
        update: Callable[[Json], None] = lambda _: None,
    ) -> Json:
        """Asks about a video, waits for the answer and returns the resource of the question.

        Args:
            video_id: which.
            question: one line.
            answered_by: ``source`` or ``reconstruction``, as `semvid.options.AnsweredBy`.
            update: called with the resource after every look.

        Raises:
            NotFound: no such video.
            InvalidInput: no such question can be asked, or the model measures nothing of what is asked.
            Gone: the source is not kept any more.
            Conflict: the reconstruction is asked, and there is none.
            SemvidError: of the kind that says why there is no answer.
        """
        with self._failures():
            response = self._http.post(
                _path(video_id, "/questions"), json={"question": question, "answered_by": answered_by}
            )
            self._raise_for(response)
            resource = dict(response.json())
        while True:
            update(resource)
            if resource["state"] != "WAITING":
                break
            time.sleep(_POLL_S)
            resource = dict(self._get(_path(video_id, f"/questions/{quote(resource['id'], safe='')}")))
        if resource["state"] != "ANSWERED":
            raise error_from(resource["error"], self.actor)
        return resource

    def segments(self, video_id: str) -> list[Json]:
        """Every segment with its provenance, caption and motion score."""
        found: list[Json] = []
        while True:
            page = self._get(_path(video_id, "/segments"), offset=len(found), limit=_PAGE)
            found.extend(page)
            if len(page) < _PAGE:
                return found

    def gains(self, video_id: str) -> Json:
        """The channel's gain over time and frequency, see the receiver's ``GainsResource``."""
        return dict(self._get(_path(video_id, "/gains")))

    def constellation(self, video_id: str) -> Json:
        """A sample of equalised symbols: ``{"i": [...], "q": [...], "class": [...]}``."""
        return dict(self._get(_path(video_id, "/constellation")))

    def fetch(
        self, video_id: str, path: Path, progress: Callable[[int, int], None] = lambda *_: None
    ) -> Path:
        """Downloads the MP4 to ``path``, which appears only when it is complete.

        Args:
            video_id: which.
            path: file to write; an existing one is replaced.
            progress: called with bytes so far and bytes in all (0: unknown).

        Raises:
            NotFound: no such video.
            Conflict: nothing of it can be shown yet.
            InvalidInput: ``path`` cannot be written.
        """
        content = self._http.stream("GET", _path(video_id, "/content"))
        try:
            with replacing(path) as file, self._failures(), content as response:
                self._raise_for(response)
                total, done = int(response.headers.get("content-length", 0)), 0
                for chunk in response.iter_bytes(_CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    progress(done, total)
        except OSError as error:
            raise errors.InvalidInput(f"output: {path} cannot be written: {error.strerror}") from error
        return path


def _path(video_id: str, rest: str = "") -> str:
    return f"/v1/videos/{quote(video_id, safe='')}{rest}"
