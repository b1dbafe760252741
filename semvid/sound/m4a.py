"""Sound alone as a file that a browser plays."""

from __future__ import annotations

import io
from collections.abc import Iterable

import av

from semvid.sound.pcm import Pcm
from semvid.video.sound_stream import SoundStream


def to_m4a(sound: Iterable[Pcm], channels: int) -> bytes:
    """AAC in MP4 of int16 [any, channels] pieces, in memory: for excerpts."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = SoundStream(container, channels)
        container.start_encoding()
        for pcm in sound:
            stream.append(pcm)
            for packet in stream.packets(0):
                container.mux_one(packet)
        stream.finish()
        for packet in stream.packets(0):
            container.mux_one(packet)
    return buffer.getvalue()
