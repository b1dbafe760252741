"""Settings of the transmitter service, ``SEMVID_TRANSMITTER_*`` in the environment."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from semvid.errors import InvalidInput
from semvid.link.tls import ClientTls
from semvid.mllm.settings import MllmSettings
from semvid.service.http_settings import HttpSettings, listed
from semvid.service.settings import ServiceSettings


class TransmitterSettings(MllmSettings, HttpSettings, ServiceSettings):
    """Every bound of the transmitter."""

    model_config = SettingsConfigDict(env_prefix="SEMVID_TRANSMITTER_", extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="address of the REST interface")
    port: int = Field(8081, ge=0, le=65_535, description="port of the REST interface")
    link_target: str = Field("127.0.0.1:50061", description="next LinkService: a channel or a receiver")
    link_tls: bool = Field(False, description="TLS towards the next LinkService")
    link_tls_authority: Path | None = Field(None, description="who signed its certificate, PEM")
    link_tls_certificate: Path | None = Field(None, description="what to show to it, PEM")
    link_tls_key: Path | None = Field(None, description="its private key, PEM")
    data_dir: Path = Field(Path("semvid-data/transmitter"), description="uploads and job records")
    mllm: str = Field(
        "embedded", max_length=512, description="who compares and captions where a transmission names nobody"
    )
    mllm_allowed: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="models that a transmission may name beside embedded and SEMVID_TRANSMITTER_MLLM: "
        "patterns with * and ?, separated by commas; none: no other",
    )
    speech_model: str = Field(
        "",
        max_length=512,
        description="who writes down what is said, for sound text: hf:ID-OR-PATH of a speech recogniser, on "
        "the device of the multimodal model; empty: sound text is refused",
    )
    token_model: str = Field(
        "",
        max_length=512,
        description="who makes tokens of keyframes, for coding tokens: hf:ID-OR-PATH of an aMUSEd "
        "checkpoint, the same as the receiver's; empty: coding tokens is refused",
    )
    token_device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?)$", description="of that model")
    answers_questions: bool = Field(
        True, description="asked at the receiver about sources that are kept; false: nobody hears them here"
    )
    receiver_url: str = Field(
        "http://127.0.0.1:8082", description="base of the receiver's REST interface, for links to videos"
    )

    max_upload_bytes: int = Field(4 * 2**30, ge=1, description="of one upload, counted while it is read")
    max_duration_s: float = Field(4 * 3600, gt=0)
    max_pixels: int = Field(4096 * 2304, ge=1, description="per frame")
    max_frames: int = Field(2**20, ge=1)
    look_memory_bytes: int = Field(
        2 * 2**30, ge=2**28, description="of address space for the process that looks at an upload"
    )
    look_cpu_s: int = Field(60, ge=1, description="processor time of that process")
    look_wall_s: float = Field(100.0, gt=0, description="longest that it may take; clients wait 120 s")
    concurrent_looks: int = Field(2, ge=1, le=64, description="such processes at once; other uploads wait")
    concurrent_jobs: int = Field(2, ge=1, le=64)
    queue_length: int = Field(16, ge=0, description="accepted jobs that wait; one more is refused with 503")
    upload_idle_s: float = Field(
        3600.0,
        gt=0,
        description="that an upload in pieces, which holds a place in the queue, may get nothing",
    )
    kept_jobs: int = Field(1000, ge=1, description="finished jobs whose records are kept")
    attempts: int = Field(
        8, ge=1, le=1000, description="of one transmission that may fail before its first symbol or be killed"
    )
    retry_pause_s: float = Field(
        2.0, gt=0, description="before the second attempt; doubled for each further one"
    )
    longest_retry_pause_s: float = Field(300.0, gt=0, description="between two attempts")
    kept_source_bytes: int = Field(
        8 * 2**30, ge=0, description="uploads of finished jobs kept to be looked at, in all; oldest go first"
    )
    live_queue_s: float = Field(
        0.5,
        gt=0,
        le=60,
        description="of a live source, that may wait for analysis; older frames are dropped and counted",
    )
    live_queue_bytes: int = Field(256 * 2**20, ge=1, description="of those frames; one may always wait")
    live_silence_s: float = Field(
        30.0, gt=0, description="without a frame for so long a live source is over, and its video ends"
    )
    live_lines_bytes: int = Field(
        8 * 2**20, ge=2**16, description="of each list in the semantics of a live source; the older half goes"
    )
    segments_ahead: int = Field(4, ge=1, le=64, description="segments analysed before they can be sent")
    accept_timeout_s: float = Field(30.0, gt=0, description="for the receiver to accept a transmission")
    report_timeout_s: float = Field(600.0, gt=0, description="for the receiver to report on one burst")
    encode_timeout_s: float = Field(
        1800.0,
        gt=0,
        description="for the picture code to plan, or to code what leaves at once; longer: it hangs",
    )
    video_timeout_s: float = Field(
        6 * 3600.0, gt=0, description="for the receiver to finish the video once it has the last burst"
    )
    drain_s: float = Field(10.0, ge=0, description="for open requests when the service is stopped")

    _listed = field_validator("mllm_allowed", mode="before")(listed)

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.check_http("SEMVID_TRANSMITTER_", "HOST", self.host)
        self.link_credentials()
        return self

    def link_credentials(self) -> ClientTls | None:
        """TLS towards the next LinkService, if any."""
        files = (self.link_tls_authority, self.link_tls_certificate, self.link_tls_key)
        if self.link_tls:
            return ClientTls(*files)
        if any(files):
            raise InvalidInput(
                "SEMVID_TRANSMITTER_LINK_TLS_* is set but SEMVID_TRANSMITTER_LINK_TLS is not true"
            )
        return None
