"""The rivals as the paper ran them: constant QP, short groups of pictures, MP4, fixed modulation, no ARQ.

They are here to reproduce its table, not to be beaten: `evaluation.methods.codec` is what the codes can do.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from evaluation.clips import Clip
from evaluation.link import Air, Arrival, ByteLink, verified
from evaluation.method import Conditions, Outcome
from evaluation.methods.codec import received
from evaluation.methods.quality import make_judge
from evaluation.methods.showing import AS_DECODED
from evaluation.methods.video_code import Stream, VideoCode, coded_size
from semvid.images.yuv import to_yuv420

QP: Final = 51


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What the paper used from an SNR on.

    Attributes:
        snr_db: lowest SNR.
        gop: frames from one intra picture to the next, H.264 and H.265.
        mcs: code of the scheme in our table that is nearest from below in bits per symbol.
        block_bytes: payload of its LDPC code, CRC taken off.
    """

    snr_db: float
    gop: tuple[int, int]
    mcs: int
    block_bytes: int


POINTS: Final = (
    OperatingPoint(10, (20, 13), 10, 6144 // 8 - 3),  # 16-QAM 2/3: 2.67 bit; ours 16QAM 658/1024: 2.57 bit
    OperatingPoint(8, (80, 50), 7, 4096 // 8 - 3),  # 16-QAM 1/2: 2.00 bit; ours 16QAM 490/1024: 1.91 bit
    OperatingPoint(6, (400, 400), 5, 6144 // 8 - 3),  # 4-QAM 3/4: 1.50 bit; ours 16QAM 378/1024: 1.48 bit
)


class PaperCodec:
    """H.264 or H.265 in the paper's settings; below its lowest SNR it keeps the last and fails.

    Args:
        name: of the row.
        encoder, decoder: in FFmpeg.
        second: whether the second of each pair of GOP lengths is this code's.
    """

    def __init__(self, name: str, encoder: str, decoder: str, second: bool) -> None:
        self.name = name
        self._encoder, self._decoder, self._second = encoder, decoder, second

    def run(
        self,
        clip: Clip,
        conditions: Conditions,
        target_cbr: float | None,  # noqa: ARG002
        folder: Path,  # noqa: ARG002
    ) -> Outcome:
        """See `evaluation.method.Method`. It has one operating point: the target is not heeded."""
        point = next((p for p in POINTS if conditions.snr_db >= p.snr_db), POINTS[-1])
        gop = point.gop[self._second]
        code = VideoCode(self._encoder, self._decoder, (QP,), lambda *_: self._options(gop), bytes)
        stream, container = as_mp4(code, clip)
        air = Air(conditions)
        link = ByteLink(air, point.mcs, retransmissions=0)
        arrival = link.send_stream(bytes(container) + b"".join(stream.packets), point.block_bytes)
        settings: dict[str, Any] = {
            "encoder": self._encoder,
            "encoder_options": self._options(gop),
            "container_bytes": container,
            "stream_bytes": stream.size,
            "av": av.__version__,
            "heeds_target": False,
        }
        if any(begin < container for begin, _ in arrival.lost):
            reason = f"the MP4's index was lost; {arrival.blocks_lost} of {arrival.blocks} blocks were"
            symbols = verified(link.ledger.symbols, air)
            return Outcome(symbols=symbols, crossed=air.crossed, settings=settings, failed=reason)
        behind = Arrival(
            arrival.data[container:],
            [(begin - container, end - container) for begin, end in arrival.lost],
            arrival.blocks,
            arrival.blocks_lost,
        )
        show = AS_DECODED.of(stream, QP, (clip.source.width, clip.source.height))
        return received(clip, code, stream, make_judge(), behind, link, air, settings, show)

    def _options(self, gop: int) -> dict[str, str]:
        if self._encoder == "libx264":
            parameters = f"keyint={gop}:min-keyint={gop}:scenecut=0:threads=1"
            return {"preset": "ultrafast", "qp": str(QP), "x264-params": parameters}
        parameters = (
            f"qp={QP}:keyint={gop}:min-keyint={gop}:scenecut=0:log-level=none:frame-threads=1:pools=none"
        )
        return {"preset": "ultrafast", "x265-params": parameters}


def as_mp4(code: VideoCode, clip: Clip) -> tuple[Stream, int]:
    """The clip as an MP4 file of this code: its packets, and the bytes of the file that are no packets."""
    width, height = coded_size(clip.source.width, clip.source.height, 1)
    rate = clip.source.frame_rate
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        track = container.add_stream(code.encoder, rate=rate, options=code.options(QP, None))
        assert isinstance(track, VideoStream)
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        track.codec_context.thread_count = 1
        for number, picture in enumerate(clip.pictures):
            frame = VideoFrame.from_ndarray(to_yuv420(picture, width, height), "yuv420p")
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    size = len(file.getvalue())
    file.seek(0)
    with av.open(file) as stored:
        assert isinstance(stored, InputContainer)
        track = stored.streams.video[0]
        packets = [packet for packet in stored.demux(track) if packet.size]
        stamps = [round(packet.pts * packet.time_base * rate) for packet in packets if packet.pts is not None]
        parameters = track.codec_context.extradata or b""
        stream = Stream([bytes(packet) for packet in packets], stamps, width, height, 1, parameters)
    return stream, size - stream.size
