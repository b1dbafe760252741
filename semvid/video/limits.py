"""What a source may cost before it is refused."""

from dataclasses import dataclass

from semvid.errors import LimitExceeded


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """Bounds of one source video; each is inclusive.

    Attributes:
        max_bytes: size of the file.
        max_duration_s: from the first time stamp to the end of the last frame, seconds.
        max_side: longer side of a frame, pixels.
        max_pixels: width * height of a frame.
        max_frames: number of frames.
        max_total_pixels: frames * width * height (a small file may unfold into very much work).
        decoder_threads: threads of one decoder.
        timeout_s: longest that opening the file, or reading one packet, may take, seconds.
    """

    max_bytes: int = 4 * 2**30
    max_duration_s: float = 4 * 3600.0
    max_side: int = 8192
    max_pixels: int = 4096 * 2304
    max_frames: int = 2**20
    max_total_pixels: int = 2**40
    decoder_threads: int = 2
    timeout_s: float = 60.0

    def check_bytes(self, size: int) -> None:
        """Refuses a file of ``size`` bytes that is too large (`LimitExceeded`)."""
        if size > self.max_bytes:
            raise LimitExceeded(
                f"the video file holds {size} bytes, at most {self.max_bytes} are accepted; "
                "cut it into parts or compress it"
            )

    def check_size(self, width: int, height: int) -> None:
        """Refuses frames of ``width`` x ``height`` pixels that are too large (`LimitExceeded`)."""
        if max(width, height) > self.max_side or width * height > self.max_pixels:
            raise LimitExceeded(
                f"the video is {width}x{height} pixels, at most {self.max_pixels} pixels a frame and "
                f"{self.max_side} a side are accepted; scale it down"
            )

    def check_frames(self, frames: int, width: int, height: int) -> None:
        """Refuses too many frames, or too many pixels in all of them (`LimitExceeded`)."""
        if frames > self.max_frames:
            raise LimitExceeded(
                f"the video has more than {self.max_frames} frames, which is the limit; cut it into parts"
            )
        if frames * width * height > self.max_total_pixels:
            raise LimitExceeded(
                f"the video unfolds to more than {self.max_total_pixels} pixels in all, which is the limit; "
                "cut it into parts or scale it down"
            )

    def check_duration(self, seconds: float) -> None:
        """Refuses a video of ``seconds`` that is too long (`LimitExceeded`)."""
        if seconds > self.max_duration_s:
            raise LimitExceeded(
                f"the video lasts at least {seconds:.1f} s, at most {self.max_duration_s:g} s are accepted; "
                "cut it into parts"
            )
