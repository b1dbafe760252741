"""What the receiver must know first."""

from semvid.options import TransmissionOptions
from semvid.semantics import StreamHeader
from semvid.video.probe import SourceInfo


def stream_header(
    source: SourceInfo,
    options: TransmissionOptions,
    coded: tuple[int, int] | None = None,
    detail: int = 0,
    restoration: int = 0,
) -> StreamHeader:
    """What the receiver must know first; keyframes are ``coded`` (width, height) large, or as the source."""
    coded_width, coded_height = coded or (source.width, source.height)
    return StreamHeader(
        width=source.width,
        height=source.height,
        coded_width=coded_width,
        coded_height=coded_height,
        time_base=source.time_base,
        frame_rate=source.frame_rate,
        coding=options.coding,
        seed=options.seed,
        phase=source.grid_phase,
        given=options.given,
        detail=detail,
        restoration=restoration,
        pixel_aspect=source.pixel_shape.aspect,
        hdr=source.kept,
    )
