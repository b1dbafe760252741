"""What sound an upload has, and whether that is what was asked for."""

from pathlib import Path

from semvid.errors import InvalidInput, UnsupportedMedia
from semvid.options import SoundChoice
from semvid.sound import codec2
from semvid.sound.track import TrackInfo, probe_sound
from semvid.video.limits import VideoLimits


def track_of(path: Path, choice: SoundChoice, limits: VideoLimits) -> tuple[TrackInfo | None, str]:
    """The sound that is to be sent; None with the reason why none is.

    Raises:
        MissingComponent: Codec 2 was asked for and is not installed.
        InvalidInput: sound was asked for by name and the file has none.
        UnsupportedMedia: it was, and is not accepted. With `SoundChoice.AUTO` that is a reason.
    """
    if choice is SoundChoice.NONE:
        return None, "none was asked for"
    try:
        track = probe_sound(path, limits)
    except UnsupportedMedia as error:
        if choice is not SoundChoice.AUTO:
            raise
        return None, str(error)
    if choice is SoundChoice.CODEC2:
        codec2.require()
    if track is None and choice is not SoundChoice.AUTO:
        raise InvalidInput(
            f"option sound: {choice} was asked for and the file has no sound; "
            "leave it at auto, or ask for none"
        )
    return track, "" if track else "the source has none"
