"""A decoder that runs an external program for every segment (docs/open-sora.md).

For models that live in an environment of their own, such as Open-Sora, the decoder of the paper.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import cv2
import structlog

from receiver.decoders.command.program import run_program
from receiver.decoders.command.template import CommandTemplate, parse_template
from receiver.decoders.decoder import SegmentRequest
from semvid.errors import Cancelled, InvalidInput, SemvidError
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.profile import Profile
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.reader import read_frames

_LOOK_S = 0.2  # between looks at whether a segment that waits for its turn was stopped
_VIDEO_SUFFIXES = frozenset({".mp4", ".mkv", ".webm", ".mov", ".avi"})

_log = structlog.get_logger(__name__)


class CommandDecoder:
    """Hands keyframes and a caption to a program and reads back the video that it leaves.

    What the template names decides what the program can do: with ``{start}`` and ``{end}`` it makes a clip
    from the one keyframe to the other, with ``{start}`` alone it goes on from a first frame, with neither it
    draws from the caption. It is asked for a length and a size that its options allow; what it gives is
    resampled to the frames wanted and scaled to the video's size. Everything lies in a temporary folder that
    goes when the segment is done.

    Args:
        argument: see `receiver.decoders.command.template`.
        also: placeholders that it may have beside a decoder's.

    Raises:
        InvalidInput: the template is wrong or the program is not there.
    """

    def __init__(self, argument: str, also: tuple[str, ...] = ()) -> None:
        self._argument, self._also = argument, also
        self._template: CommandTemplate = parse_template(argument, also)
        options = self._template.options
        self.profile = Profile(
            name="command",
            longest_gap_s=options.longest_gap_s,
            draws_from=frozenset({self._template.draws_from}),
        )
        self.uses_captions = self._template.uses("caption") or self._template.uses("caption_file")
        self._places = threading.BoundedSemaphore(options.at_once)

    def __reduce__(self) -> tuple[type[CommandDecoder], tuple[str, tuple[str, ...]]]:
        return CommandDecoder, (self._argument, self._also)

    def uses(self, placeholder: str) -> bool:
        """Whether the program is told it."""
        return self._template.uses(placeholder)

    def generate(
        self,
        request: SegmentRequest,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
        beside: Callable[[Path], Mapping[str, Path]] = lambda _: {},
    ) -> Iterator[Picture]:
        """See `receiver.decoders.decoder.Decoder`; ``beside`` writes what more the program is told.

        Raises:
            Cancelled: ``cancelled`` said so; the program and its children are gone by then.
            SemvidError: the program failed, took too long, or left no video that can be used.
        """
        request.require(self.profile)
        with tempfile.TemporaryDirectory(prefix="semvid-command-") as name:
            folder = Path(name)
            frames = self._template.options.frames_for(request.span)
            arguments = self._arguments(folder, request, frames, beside(folder))
            self._run(folder, arguments, cancelled)
            for done, picture in enumerate(self._pictures(folder, request, frames), 1):
                if cancelled():
                    raise Cancelled("regeneration was stopped")
                yield at_size(picture, (request.width, request.height))
                progress(done / request.num_frames)

    def _arguments(
        self, folder: Path, request: SegmentRequest, frames: int, beside: Mapping[str, Path]
    ) -> list[str]:
        """The command line; what it names lies in ``folder``."""
        width, height = self._template.options.size_for(request.width, request.height)
        for name, picture in (("start", request.start), ("end", request.end)):
            if picture is not None:
                _write_png(folder / f"{name}.png", at_size(picture, (width, height)))
        # one line: a control character ends an argument or a record in too many programs
        sentence = " ".join(request.caption.split())
        sentence = "".join(character for character in sentence if character.isprintable())
        (folder / "caption.txt").write_text(sentence, encoding="utf-8")
        (folder / "out").mkdir()
        return self._template.fill(
            {
                "start": folder / "start.png",
                "end": folder / "end.png",
                "caption": sentence.replace('"', "'"),
                "caption_file": folder / "caption.txt",
                "frames": frames,
                "width": width,
                "height": height,
                "fps": max(1, round(request.frame_rate * (frames - 1) / max(1, request.span))),
                "seed": request.seed % 2**31,  # what every random generator takes
                "output": folder / "out" / "clip.mp4",
                "output_dir": folder / "out",
                **beside,
            }
        )

    def _run(self, folder: Path, arguments: list[str], cancelled: Callable[[], bool]) -> None:
        while not self._places.acquire(timeout=_LOOK_S):
            if cancelled():
                raise Cancelled("regeneration was stopped")
        try:
            options = self._template.options
            run_program(arguments, options.cwd, folder / "log.txt", options.timeout_s, cancelled)
        finally:
            self._places.release()

    def _pictures(self, folder: Path, request: SegmentRequest, asked: int) -> Iterator[Picture]:
        """The frames wanted, as the program made them, nearest in time; lazily."""
        clip = _the_video(folder / "out")
        limits = VideoLimits(max_frames=max(4096, 4 * asked))
        try:
            source = probe(clip, limits)
            found = source.frame_count_hint
            if found < 2:
                raise SemvidError(
                    f"decoder command: the program left {found} frame where {asked} were asked for; it must "
                    "make a clip"
                )
            if found != asked:
                _log.warning("the program gave another length", asked=asked, given=found)
            yield from _resampled(
                (frame.picture for frame in read_frames(clip, source, limits)), found, request
            )
        except InvalidInput as error:
            raise SemvidError(f"decoder command: what the program left cannot be used: {error}") from error


def _resampled(pictures: Iterator[Picture], found: int, request: SegmentRequest) -> Iterator[Picture]:
    """Of ``found`` pictures, spread over the whole span, those nearest to the frames wanted."""
    position, picture = -1, None
    for frame in range(request.first, request.first + request.num_frames):
        nearest = round(frame * (found - 1) / max(1, request.span))
        while position < nearest:
            picture = next(pictures, None)
            if picture is None:
                raise SemvidError(
                    f"decoder command: the program's video announces {found} frames and ends after "
                    f"{position + 1}"
                )
            position += 1
        assert picture is not None
        yield picture


def _the_video(folder: Path) -> Path:
    videos = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _VIDEO_SUFFIXES]
    if len(videos) != 1 or not videos[0].is_file() or videos[0].is_symlink():
        names = ", ".join(str(path.relative_to(folder)) for path in videos[:5]) or "none"
        raise SemvidError(
            f"decoder command: the program ended well, but left not one video file: {names}; check "
            "{output} or {output_dir} in the template"
        )
    return videos[0]


def _write_png(path: Path, picture: Picture) -> None:
    done, png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise SemvidError(f"decoder command: {path.name} cannot be coded as PNG")
    path.write_bytes(png.tobytes())
