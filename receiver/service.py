"""The receiver's parts put together: library, transmissions, link; and how they start and stop."""

import asyncio
from typing import Any

import structlog
from grpc.aio import Server
from prometheus_client import CollectorRegistry

from receiver.animators import make_animator
from receiver.executor import Closable, make_executed_decoder
from receiver.library import Library
from receiver.link_service import LinkService
from receiver.metrics import ReceiverMetrics
from receiver.questions.book import QuestionBook
from receiver.questions.reconstruction import Reconstruction
from receiver.settings import ReceiverSettings
from receiver.sound import voices
from receiver.transmissions import Transmissions
from receiver.whep.audience import Audience
from receiver.whep.viewers import Viewers
from semvid.images.restorer import named
from semvid.link.bootstrap import ServerLimits, drain, make_server
from semvid.link.health import Health
from semvid.link.peer import LINK_SERVICE
from semvid.service.tracing import NO_TRACES, Traces
from semvid.tokens.library import TokenLibrary
from semvid.wire.v1 import link_pb2_grpc

_OTHER_CALLS = 32  # health checks and transmissions that are to be refused with a reason

_log = structlog.get_logger(__name__)


class ReceiverService:
    """One receiver. Make it anywhere; start and stop it in one event loop.

    Attributes:
        library: the videos.
        questions: about them.
        viewers: of live ones, by WebRTC.
        link_port: of the LinkService; None before `start`.

    Raises:
        InvalidInput, MissingComponent: the decoder, the restorer, the voice, the animator or the token model
            of the settings cannot be had.
    """

    def __init__(
        self, settings: ReceiverSettings, registry: CollectorRegistry, traces: Traces = NO_TRACES
    ) -> None:
        self._traces = traces
        self.library = Library(settings.data_dir / "videos", settings.kept_videos, settings.kept_bytes)
        self.link_port: int | None = None
        decoder = make_executed_decoder(
            settings.decoder, settings.decoder_options(), settings.executor, settings.executor_actors
        )
        self._decoder = decoder
        restorer = named(settings.restorer)
        voice = voices.named(settings.voice_model, settings.voice_device)
        animator = make_animator(settings.animator)
        variable = "SEMVID_RECEIVER_TOKEN_MODEL"
        library = TokenLibrary(settings.token_model, settings.token_device, variable, fills=True)
        tokens = library.open() if library.named else None
        actors: int = getattr(decoder, "actors", 1)
        if actors > 1:  # every one of them needs a thread that waits for it, and a segment to work on
            wider = {
                "workers": max(settings.workers, actors),
                "segments_ahead": min(64, max(settings.segments_ahead, actors + 1)),
            }
            settings = settings.model_copy(update=wider)
        self._settings = settings
        metrics = ReceiverMetrics(registry)
        self._transmissions = Transmissions(
            settings, self.library, decoder, metrics, restorer, voice, tokens, animator
        )
        self.questions = QuestionBook(self.library, settings, Reconstruction(settings))
        self.viewers = Viewers(settings.webrtc_viewers)
        self._server: Server | None = None
        self._health: Health | None = None

    @property
    def serving(self) -> bool:
        """Whether transmissions are accepted."""
        return self._health is not None and not self._health.draining

    async def start(self) -> None:
        """Takes stock of the disk and opens the link.

        Raises:
            InvalidInput: the address is taken, or a TLS file cannot be read.
        """
        await asyncio.to_thread(self.library.recover)
        self._health = Health(LINK_SERVICE)
        limits = ServerLimits(concurrent_calls=self._settings.concurrent_transmissions + _OTHER_CALLS)
        self._server, self.link_port = make_server(
            self._settings.link_address, self._health, limits=limits, tls=self._settings.server_tls()
        )
        link_pb2_grpc.add_LinkServiceServicer_to_server(
            LinkService(self._transmissions, self.questions, self._settings, self._traces), self._server
        )
        await self._server.start()
        self._health.set_serving()
        _log.info(
            "receiver serves",
            link=self._settings.link_address,
            link_port=self.link_port,
            decoder=self._settings.decoder,
            data=str(self._settings.data_dir),
        )

    async def stop(self) -> None:
        """Takes nothing new, lets running work end within `ReceiverSettings.drain_s`, stops the rest.

        Transmissions that are cut off and videos that are not finished by then are TRUNCATED.
        """
        assert self._server is not None
        assert self._health is not None
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.drain_s
        self._transmissions.refuse_new()
        self.questions.close()
        await self.viewers.close()
        await drain(self._server, self._health, self._settings.drain_s)
        await self._transmissions.drain(max(0.0, deadline - loop.time()))
        if isinstance(self._decoder, Closable):
            await asyncio.to_thread(self._decoder.close)
        _log.info("receiver stopped")

    def audience(self, video_id: str) -> Audience | None:
        """Who watches a video in work; None where it is in work no longer."""
        live = self._transmissions.live(video_id)
        return None if live is None else live.audience

    def gains(self, video_id: str) -> dict[str, Any]:
        """The channel's gain over the transmission of a video, live if it is in work.

        Raises:
            NotFound: no such video.
        """
        files = self.library.files(video_id)
        live = self._transmissions.live(video_id)
        return files.gains() if live is None else live.gains.to_json()

    def constellation(self, video_id: str) -> dict[str, Any]:
        """Sample of the equalised symbols of a video, live if it is in work.

        Raises:
            NotFound: no such video.
        """
        files = self.library.files(video_id)
        live = self._transmissions.live(video_id)
        return files.constellation() if live is None else live.constellation.to_json()
