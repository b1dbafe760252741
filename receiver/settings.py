"""Settings of the receiver service, ``SEMVID_RECEIVER_*`` in the environment."""

import os
import re
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from receiver.decoders.options import Card, DecoderOptions, Dtype, Lengths, Offload, Quantisation
from semvid.errors import InvalidInput
from semvid.link.tls import ServerTls
from semvid.mllm.settings import MllmSettings
from semvid.service.http_settings import HttpSettings, listed
from semvid.service.settings import ServiceSettings

_ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")
_IMPLIED = {"http": ":80", "https": ":443"}  # browsers leave these off (RFC 6454, 6.2)


class ReceiverSettings(MllmSettings, HttpSettings, ServiceSettings):
    """Every bound of the receiver."""

    model_config = SettingsConfigDict(
        env_prefix="SEMVID_RECEIVER_", env_ignore_empty=True, extra="forbid", frozen=True
    )

    host: str = Field("127.0.0.1", description="address of the REST interface")
    port: int = Field(8082, ge=0, le=65_535, description="port of the REST interface")
    link_address: str = Field("127.0.0.1:50062", description="host:port of the LinkService (gRPC)")
    public_url: str = Field(
        "",
        description="base of this REST interface as others reach it; empty: links to videos are paths only",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("http://127.0.0.1:8081", "http://localhost:8081"),
        description="pages that may read this REST interface from a browser, and ask questions: the "
        "transmitter's, by origin, separated by commas; none: no page",
    )
    data_dir: Path = Field(Path("semvid-data/receiver"), description="videos and their records")
    tls_certificate: Path | None = Field(None, description="PEM chain of the LinkService; None: no TLS")
    tls_key: Path | None = Field(None, description="PEM private key that belongs to it")
    tls_client_authority: Path | None = Field(None, description="PEM; who must have signed the sender's")

    decoder: str = Field("embedded", description="NAME or NAME:ARGUMENT, see receiver.decoders")
    decoder_card: Card = Field("", description="preset by the GPU's memory: 24gb (from 16 GB) or 80gb")
    decoder_device: str = Field("auto", description="auto, cuda, cuda:N or cpu")
    decoder_dtype: Dtype | None = Field(None, description="of the weights; bfloat16 on a GPU, else float32")
    decoder_offload: Offload | None = Field(None, description="none, model (components) or group (layers)")
    decoder_quantisation: Quantisation | None = Field(None, description="of the transformer: none, int8, fp8")
    decoder_compile: bool | None = Field(None, description="torch.compile the transformer's blocks")
    decoder_attention: str | None = Field(None, description="diffusers attention backend, such as flash")
    decoder_steps: int | None = Field(None, ge=1, le=1000, description="denoising steps")
    decoder_guidance: float | None = Field(None, ge=0, description="classifier-free guidance; 1: off")
    decoder_batch: int | None = Field(None, ge=1, le=64, description="clips of one shape generated together")
    decoder_pixels: int | None = Field(None, ge=1024, description="per generated frame, at most")
    decoder_frames: int | None = Field(None, ge=5, description="of one generated clip, at most")
    decoder_lengths: Lengths = Field("dsa", description="dsa: as long as the gap; sfa: always the longest")
    decoder_threads: int | None = Field(
        None, ge=1, le=1024, description="of the CPU, for rife; default: one for every core of this process"
    )
    decoder_distilled: bool | None = Field(None, description="made for few steps; by its name if not set")

    restorer: str = Field(
        "auto",
        min_length=1,
        description="of keyframes: auto (the one that comes with semvid), none, or the path of an ONNX model "
        "of `semvid train restorer`",
    )

    animator: str = Field(
        "warp",
        min_length=1,
        max_length=4096,
        description="who moves portraits, for coding portrait: warp, or command:TEMPLATE (docs/portrait.md)",
    )

    voice_model: str = Field(
        "",
        max_length=512,
        description="who speaks what came as text: hf:ID-OR-PATH of a text-to-speech model, espeak, or "
        "espeak:VOICE; empty: nobody, and sound text is not announced",
    )
    voice_device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?)$", description="of an hf voice")

    token_model: str = Field(
        "",
        max_length=512,
        description="who makes keyframes of tokens, and draws those that miss: hf:ID-OR-PATH of an aMUSEd "
        "checkpoint, the same as the transmitter's; empty: coding tokens is refused",
    )
    token_device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?)$", description="of that model")

    mllm: str = Field(
        "embedded",
        max_length=512,
        description="who answers questions about reconstructions",
    )
    waiting_questions: int = Field(16, ge=1, le=1000, description="at once; one more is refused with 503")
    question_wait_s: float = Field(
        120.0, gt=0, description="that a question waits for a transmitter that has the source to answer"
    )

    executor: str = Field(
        "local",
        pattern=r"^(local|ray|ray://[^\s/]+:\d+)$",
        description="where the decoder runs: local, ray, or ray://HOST:PORT; see docs/ray.md",
    )
    executor_actors: int | None = Field(
        None, ge=1, le=1024, description="ray: decoders; default: one a GPU, without GPUs one a core"
    )
    workers: int = Field(os.cpu_count() or 1, ge=1, le=256, description="threads that regenerate segments")
    segments_ahead: int = Field(3, ge=1, le=64, description="segments of one video computed at a time")
    frame_buffer_bytes: int = Field(
        256 * 2**20, ge=1, description="regenerated frames of one video that wait to be written, bytes"
    )

    concurrent_transmissions: int = Field(4, ge=1, le=256, description="videos in work at once")
    max_bursts: int = Field(1_000_000, ge=1, description="in one transmission")
    max_units: int = Field(1_000_000, ge=1, description="semantic units in one transmission")
    max_pixels: int = Field(4096 * 2304, ge=1, description="per frame")
    max_frames: int = Field(2**20, ge=1, description="per video")
    queue_length: int = Field(8, ge=1, description="gaps that wait to be regenerated before the sender waits")
    idle_timeout_s: float = Field(1800.0, gt=0, description="a sender silent for longer has gone")

    live_segment_s: float = Field(
        1.0,
        gt=0,
        le=30,
        description="of live videos: how long each HLS segment lasts, if no frame lasts longer",
    )
    live_window: int = Field(
        8, ge=3, le=1000, description="HLS segments in the playlist; as many older ones are kept on disk"
    )
    live_mp4_bytes: int = Field(
        4 * 2**30,
        ge=2**20,
        description="of a live video's MP4, which holds its beginning and then stops growing",
    )
    live_keyframes: int = Field(256, ge=1, description="newest keyframes of a live video that are kept")
    live_lines_bytes: int = Field(
        8 * 2**20, ge=2**16, description="of each list about a live video; the older half goes"
    )
    webrtc_viewers: int = Field(
        4, ge=0, le=1000, description="of live videos by WebRTC (WHEP), at once; one more is refused with 503"
    )
    live_max_frames: int = Field(2**25, ge=1, description="per live video: 12 days at 30 a second")
    live_max_bursts: int = Field(2**27, ge=1, description="in one live transmission, and semantic units")

    kept_videos: int = Field(200, ge=1, description="finished videos kept; the oldest go first")
    kept_bytes: int = Field(20 * 2**30, ge=1, description="all that finished videos may take on disk")
    drain_s: float = Field(20.0, ge=0, description="for running work when the service is stopped")

    _listed = field_validator("allowed_origins", mode="before")(listed)

    @field_validator("allowed_origins")
    @classmethod
    def _named(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin) or origin.endswith(_IMPLIED[origin.partition(":")[0]]):
                raise ValueError(
                    f"{origin!r} is no origin; write each as a browser does, http://HOST or http://HOST:PORT "
                    "in lower case, with no path, no port that goes without saying, and no *"
                )
        return origins

    @model_validator(mode="after")
    def _check(self) -> Self:
        tls = self.server_tls()
        prefix = "SEMVID_RECEIVER_"
        self.check_link(prefix, "LINK_ADDRESS", self.link_address, bool(tls and tls.client_authority))
        self.check_http(prefix, "HOST", self.host)
        return self

    def for_live(self) -> Self:
        """What holds for a live video."""
        bursts = self.live_max_bursts
        wider = {"max_bursts": bursts, "max_units": bursts, "max_frames": self.live_max_frames}
        return self.model_copy(update=wider)

    def decoder_options(self) -> DecoderOptions:
        """How the decoder is loaded and run."""
        return DecoderOptions(
            **{field.name: getattr(self, f"decoder_{field.name}") for field in fields(DecoderOptions)}
        )

    def server_tls(self) -> ServerTls | None:
        """TLS of the LinkService, if any."""
        if self.tls_certificate and self.tls_key:
            return ServerTls(self.tls_certificate, self.tls_key, self.tls_client_authority)
        if self.tls_certificate or self.tls_key or self.tls_client_authority:
            raise InvalidInput("TLS needs both SEMVID_RECEIVER_TLS_CERTIFICATE and SEMVID_RECEIVER_TLS_KEY")
        return None
