"""What became of a source beyond being sent: sentences for whoever looks at the result."""

from fractions import Fraction

from semvid.video.colour_tags import BT709, PQ, PRIMARIES, TRANSFERS
from semvid.video.probe import SourceInfo
from semvid.video.shape import shown_size
from semvid.video.transfer import SCREEN


def remarks(source: SourceInfo, keep_hdr: bool = False) -> list[str]:
    """One sentence for each thing about ``source`` that was changed or left out; empty for most.

    Args:
        source: as it is read.
        keep_hdr: that was asked for.
    """
    return [*_of_colour(source, keep_hdr), *_of_shape(source), *_of_fields(source), *_of_tracks(source)]


def _of_colour(source: SourceInfo, keep_hdr: bool) -> list[str]:
    colour = source.colour
    transfer, primaries = TRANSFERS[colour.transfer], PRIMARIES[colour.primaries]
    if colour.hdr:
        peak = f", up to {colour.peak:g} cd/m2" if colour.transfer == PQ else ""
        became = "it was kept, with 8 bits" if source.kept else "it was tone-mapped to BT.709"
        return [f"The source is HDR ({transfer}, {primaries}{peak}); {became}."]
    if keep_hdr:
        return ["The source is not HDR: there was nothing to keep.", *_of_colour(source, False)]
    said = []
    if colour.primaries != BT709:
        said.append(f"primaries {primaries}")
    if colour.transfer not in SCREEN:
        said.append(f"transfer function {transfer}")
    if said:
        return [f"The source's colours ({', '.join(said)}) were converted to BT.709."]
    return []


def _of_shape(source: SourceInfo) -> list[str]:
    shape = source.pixel_shape
    if shape.ignored is not None:
        return [f"The file states pixels of {_ratio(shape.ignored)}, which is absurd; they are shown square."]
    if shape.aspect == 1:
        return []
    width, height = shown_size(source.width, source.height, shape.aspect)
    return [
        f"Pixels are not square ({_ratio(shape.aspect)}): {source.width}x{source.height} pixels are shown as "
        f"{width}x{height}. CBR, PSNR and SSIM are of the pixels that are coded."
    ]


def _of_fields(source: SourceInfo) -> list[str]:
    if not source.interlaced:
        return []
    return ["The source is interlaced; it was deinterlaced (bwdif), one frame for each frame."]


def _of_tracks(source: SourceInfo) -> list[str]:
    if source.video_tracks == 1:
        return []
    return [f"The file holds {source.video_tracks} video tracks; number {source.video_track} was taken."]


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}:{value.denominator}"
