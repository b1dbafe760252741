"""What a live source may ask for, and how it is opened."""

from collections.abc import Callable
from pathlib import Path

from semvid.errors import InvalidInput
from semvid.options import HdrChoice, KeyframeMethod, SoundChoice, TransmissionOptions
from semvid.semantics import PictureCoding
from semvid.video.limits import VideoLimits
from semvid.video.live_decoding import LiveDecoder
from semvid.video.live_reader import live_info
from semvid.video.probe import SourceInfo
from transmitter.live.stream import LiveStream
from transmitter.settings import TransmitterSettings


def live_options(options: TransmissionOptions) -> TransmissionOptions:
    """``options`` as a live source takes them: low-delay where no coding is named, and no sound.

    Raises:
        InvalidInput: something that needs the whole video.
    """
    if options.task is not None:
        raise InvalidInput("option task: a live source has no end, after which questions could be answered")
    if options.keyframe_method is KeyframeMethod.SKIM:
        raise InvalidInput(
            "option keyframe_method: skim spreads keyframes over the whole video, and a live one has no end; "
            "take skem"
        )
    if options.sound not in (SoundChoice.AUTO, SoundChoice.NONE):
        raise InvalidInput(f"option sound: {options.sound} of a live source cannot be sent; leave it out")
    if options.hdr is HdrChoice.KEEP:
        raise InvalidInput("option hdr: a live stream is shown as H.264, which keeps no HDR; take tone-map")
    coding = options.coding if "coding" in options.model_fields_set else PictureCoding.LOW_DELAY
    if coding is PictureCoding.PYRAMID:
        raise InvalidInput(
            "option coding: a pyramid waits for later pictures; a live source takes low-delay or intra"
        )
    if coding is PictureCoding.JSCC:
        raise InvalidInput(
            "option coding: jscc needs the whole video to plan by; a live source takes low-delay or intra"
        )
    if coding is PictureCoding.PORTRAIT:
        raise InvalidInput(
            "option coding: portrait waits up to ten seconds for the next portrait; a live source takes "
            "low-delay or intra"
        )
    return options.model_copy(update={"coding": coding, "sound": SoundChoice.NONE})


def opener(settings: TransmitterSettings, limits: VideoLimits) -> Callable[[Path, SourceInfo], LiveStream]:
    """What opens the live source of which a file is the beginning."""

    def opened(head: Path, seen: SourceInfo) -> LiveStream:
        decoder = LiveDecoder(head, seen, limits, settings.look_memory_bytes)
        bounds = settings.live_queue_s, settings.live_queue_bytes, settings.live_silence_s
        return LiveStream(decoder, live_info(seen), *bounds)

    return opened
