"""A finished video over HTTP: shown in a browser, or saved when it is asked for so."""

from __future__ import annotations

from pathlib import Path

import pytest

from receiver.content import content_response
from receiver.library import Library
from receiver.record import State
from semvid.errors import NotFound, TransmissionFailed


def test_a_video_is_shown_unless_it_is_asked_for_as_a_file(tmp_path: Path) -> None:
    library = Library(tmp_path, 10, 10**9)
    library.recover()
    files, record = library.create("one", "embedded")
    files.mp4.write_bytes(b"video")
    record.state = State.SUCCEEDED
    files.save(record)
    shown = content_response(files, record).headers["content-disposition"]
    saved = content_response(files, record, download=True).headers["content-disposition"]
    assert (shown, saved) == ('inline; filename="one.mp4"', 'attachment; filename="one.mp4"')


def test_a_failed_video_is_never_served_as_a_video(tmp_path: Path) -> None:
    library = Library(tmp_path, 10, 10**9)
    library.recover()
    files, record = library.create("one", "embedded")
    files.mp4.write_bytes(b"what was left of it")
    record.state = State.FAILED
    record.fail(TransmissionFailed("no header arrived"))
    with pytest.raises(NotFound, match="no header arrived"):
        content_response(files, record)
