"""The ten kinds of file: what each is, and which clip it is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

RATE_30: Final = Fraction(30)


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound track to write.

    Attributes:
        codec: FFmpeg's encoder.
        rate: Hz.
        layout: FFmpeg's name.
        clip: whose sound it is.
    """

    codec: str
    rate: int
    layout: str
    clip: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One file to make.

    Attributes:
        file: its name; the suffix is its container.
        what: for the table.
        clip: whose first pictures it shows.
        size: width and height of the coded picture, samples.
        codec: FFmpeg's encoder.
        pixels: FFmpeg's pixel format.
        rate: pictures a second; of fields it is half their rate.
        options: of the encoder.
        sound: None: it has none.
        tags: primaries, transfer function and matrix (H.273), and FFmpeg's range (1 limited, 2 full).
        first_s: time stamp of the first picture.
        turned: the pixels are stored a quarter turn off, and the file says so.
        interlaced: pictures are woven from two that follow each other.
        wide: sample aspect ratio.
        jitter: time stamps of a variable rate, with a pause of a second.
        hlg: the pictures are brought to BT.2020 and HLG.
    """

    file: str
    what: str
    clip: str
    size: tuple[int, int]
    codec: str
    pixels: str = "yuv420p"
    rate: Fraction = RATE_30
    options: dict[str, str] = field(default_factory=dict)
    sound: Sound | None = None
    tags: tuple[int, int, int, int] = (1, 1, 1, 1)
    first_s: int = 0
    turned: bool = False
    interlaced: bool = False
    wide: Fraction = Fraction(1)
    jitter: bool = False
    hlg: bool = False


_X264: Final = {"crf": "17", "preset": "veryfast"}

KINDS: Final = (
    Kind(
        "phone_portrait.mp4",
        "phone, held upright: H.264 turned by its display matrix, AAC",
        "indoor_pouring_coffee.mp4",
        (320, 180),
        "libx264",
        rate=Fraction(30000, 1001),
        options=_X264,
        sound=Sound("aac", 48_000, "stereo", "indoor_pouring_coffee.mp4"),
        turned=True,
    ),
    Kind(
        "phone_hlg.mov",
        "phone, HDR: HEVC Main 10, BT.2020, HLG, AAC",
        "landscape_boat_river.mp4",
        (320, 180),
        "libx265",
        pixels="yuv420p10le",
        rate=Fraction(30000, 1001),
        options={"crf": "14", "preset": "veryfast", "x265-params": "log-level=error"},
        sound=Sound("aac", 44_100, "stereo", "landscape_boat_river.mp4"),
        tags=(9, 18, 9, 1),
        hlg=True,
    ),
    Kind(
        "dashcam.mov",
        "dashcam: H.264 of full range, PCM",
        "drive_dashcam.mp4",
        (320, 180),
        "libx264",
        pixels="yuvj420p",
        rate=Fraction(25),
        options=_X264,
        sound=Sound("pcm_s16le", 16_000, "mono", "drive_dashcam.mp4"),
        tags=(1, 1, 1, 2),
    ),
    Kind(
        "capture.ts",
        "capture card: transport stream that begins at one hour, H.264 with 50 pictures/s, AC-3",
        "cuts_bikes.mp4",
        (320, 136),
        "libx264",
        rate=Fraction(50),
        options=_X264,
        sound=Sound("ac3", 48_000, "stereo", "act_flipping_pancake.mkv"),
        first_s=3600,
    ),
    Kind(
        "screen_recorder.mkv",
        "screen recorder: H.264 4:4:4, variable rate with a pause, Opus",
        "screen_pdf_scroll.mp4",
        (320, 240),
        "libx264",
        pixels="yuv444p",
        rate=Fraction(25),
        options=_X264,
        sound=Sound("libopus", 48_000, "mono", "film_bw_dialogue.mp4"),
        jitter=True,
    ),
    Kind(
        "webcam.avi",
        "webcam: Motion JPEG, 15 pictures/s, BT.601 of full range, no sound",
        "talking_head_foreman_cif.mkv",
        (320, 240),
        "mjpeg",
        pixels="yuvj422p",
        rate=Fraction(15),
        options={"q": "2", "qmin": "2", "qmax": "3"},
        tags=(1, 1, 5, 2),
    ),
    Kind(
        "broadcast.ts",
        "broadcast: MPEG-2 of 25 interlaced pictures/s, MPEG layer II",
        "sport_football_juggling.mp4",
        (320, 180),
        "mpeg2video",
        rate=Fraction(25),
        options={"flags": "+ildct+ilme", "b": "6M", "maxrate": "8M", "bufsize": "4M"},
        sound=Sound("mp2", 48_000, "stereo", "drive_dashcam.mp4"),
        interlaced=True,
    ),
    Kind(
        "dvd.vob",
        "DVD: MPEG-2 program stream, pixels of 16:11, BT.601 of 625 lines, AC-3 5.1",
        "act_hitting_baseball.mp4",
        (352, 288),
        "mpeg2video",
        rate=Fraction(25),
        options={"b": "6M", "maxrate": "8M", "bufsize": "4M"},
        sound=Sound("ac3", 48_000, "5.1", "animation_bigbuckbunny.mp4"),
        tags=(1, 1, 5, 1),
        wide=Fraction(16, 11),
    ),
    Kind(
        "film.mov",
        "film, black and white: ProRes 422, 23.976 pictures/s, PCM of 24 bits",
        "film_bw_dialogue.mp4",
        (320, 240),
        "prores_ks",
        pixels="yuv422p10le",
        rate=Fraction(24000, 1001),
        sound=Sound("pcm_s24le", 48_000, "mono", "film_bw_dialogue.mp4"),
    ),
    Kind(
        "animation.webm",
        "animation: AV1 and Opus",
        "animation_bigbuckbunny.mp4",
        (320, 180),
        "libsvtav1",
        rate=Fraction(24),
        options={"crf": "20", "preset": "8"},
        sound=Sound("libopus", 48_000, "stereo", "animation_bigbuckbunny.mp4"),
    ),
)
