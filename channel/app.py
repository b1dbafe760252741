"""The channel process: builds the parts, runs until it is told to stop, drains."""

import asyncio

import structlog
from prometheus_client import CollectorRegistry

from channel.air import Air
from channel.control import ChannelControl
from channel.downstream import Downstream
from channel.emulated_air import EmulatedAir
from channel.metrics import ChannelMetrics
from channel.observability import HttpPort, make_app
from channel.proxy import LinkProxy
from channel.registry import Registry
from channel.sample_sockets import SampleSockets
from channel.settings import ChannelSettings, zmq_addresses
from semvid.link.bootstrap import ServerLimits, drain, make_server
from semvid.link.health import Health
from semvid.link.peer import LINK_SERVICE
from semvid.service.host import StopSignals, started
from semvid.service.logs import configure_logging
from semvid.service.trace_export import traces_to
from semvid.service.tracing import Traces
from semvid.wire.v1 import channel_pb2_grpc, link_pb2_grpc

CONTROL_SERVICE = "semvid.wire.v1.ChannelControlService"
_OTHER_CALLS = 64  # places for health and control beside transmissions
_log = structlog.get_logger(__name__)


class ChannelService:
    """One channel emulator. Make and use it inside one event loop.

    Attributes:
        port: gRPC port it is bound to.
        http_port: port of /healthz, /readyz and /metrics, None without HTTP.
    """

    def __init__(self, settings: ChannelSettings, traces: Traces | None = None) -> None:
        """Binds the ports.

        Args:
            settings: of the service.
            traces: where spans go; None: where the settings say. Closed by `stop`.

        Raises:
            InvalidInput: a port is taken, or a TLS file or the file of keys cannot be read.
            MissingComponent: a collector of traces is named without OpenTelemetry, or a radio is wanted
                without pyzmq.
        """
        self._traces = traces or traces_to(settings.otel_endpoint, "channel")
        metrics = CollectorRegistry()
        # before anything of gRPC, whose threads write a traceback where a process ends at its start
        self._http = (
            None
            if settings.http_port is None
            else HttpPort(make_app(self.ready, metrics, settings), settings.http_port, settings)
        )
        self.http_port = self._http.port if self._http else None
        registry = Registry(settings.conditions(), settings.max_transmissions)
        self._air = _air(settings, registry)
        self._downstream = Downstream(settings.receiver, settings.receiver_credentials())
        self._control = ChannelControl(registry, self._air.emulates)
        self._health = Health(LINK_SERVICE, CONTROL_SERVICE)
        self._server, self.port = make_server(
            settings.listen,
            self._health,
            limits=ServerLimits(concurrent_calls=settings.max_transmissions + _OTHER_CALLS),
            tls=settings.server_tls(),
        )
        self._proxy = LinkProxy(
            registry, self._air, self._downstream, ChannelMetrics(metrics), settings, self._traces
        )
        link_pb2_grpc.add_LinkServiceServicer_to_server(self._proxy, self._server)
        channel_pb2_grpc.add_ChannelControlServiceServicer_to_server(self._control, self._server)
        self._watching: asyncio.Task[None] | None = None

    def ready(self) -> bool:
        """Whether transmissions can pass: the next hop serves and the service is not draining."""
        return self._downstream.serving and not self._health.draining

    async def start(self) -> None:
        """Begins to serve."""
        await self._server.start()
        if self._http:
            self._http.start()
        self._health.set_serving(True, "", CONTROL_SERVICE)
        self._watching = asyncio.create_task(self._downstream.watch_health(self._set_link_health))

    def _set_link_health(self, next_hop_serves: bool) -> None:
        """LinkService serves while the next hop's does, so that readiness runs down a chain of channels."""
        self._health.set_serving(next_hop_serves, LINK_SERVICE)

    async def stop(self, grace_s: float) -> None:
        """Takes nothing new, gives running transmissions ``grace_s`` seconds, cancels what is left."""
        self._control.drain()
        self._proxy.drain()
        await drain(self._server, self._health, grace_s)
        if self._watching:
            self._watching.cancel()
        await self._downstream.close()
        await self._air.close()
        if self._http:
            await self._http.stop()
        await asyncio.to_thread(self._traces.close)

    async def cut_short(self) -> None:
        """Makes a running `stop` end at once."""
        await self._server.stop(None)


def _air(settings: ChannelSettings, registry: Registry) -> Air:
    addresses = zmq_addresses(settings.air)
    if addresses is None:
        return EmulatedAir(registry)
    from channel.radio_air import RadioAir  # brings the physical layer and numba, which no emulator needs

    sockets, frame = SampleSockets(*addresses), settings.radio_frame()
    rate_hz, timeout_s = settings.symbol_rate_hz, settings.air_timeout_s
    return RadioAir(sockets, frame, settings.samples_per_symbol, rate_hz, timeout_s)


async def serve(settings: ChannelSettings) -> None:
    """Runs the channel until SIGTERM, SIGINT or SIGHUP, then drains; a second signal ends it at once.

    Raises:
        InvalidInput: a port is taken, or a TLS file cannot be read.
    """
    signals = StopSignals()
    service = ChannelService(settings)
    await service.start()
    _log.info(
        "channel serves",
        listen=settings.listen,
        port=service.port,
        receiver=settings.receiver,
        http_port=service.http_port,
        air=settings.air,
        conditions=str(settings.conditions()) if settings.air == "emulated" else None,
    )
    await signals.first.wait()
    _log.info("channel drains", grace_s=settings.drain_s)
    stopping = asyncio.create_task(service.stop(settings.drain_s))
    impatient = asyncio.create_task(signals.second.wait())
    await asyncio.wait({stopping, impatient}, return_when=asyncio.FIRST_COMPLETED)
    if not stopping.done():
        await service.cut_short()
    await stopping
    impatient.cancel()
    _log.info("channel stopped")


def main() -> None:
    """Runs the channel with the settings of the environment."""
    with started("channel"):
        settings = ChannelSettings.load()
        configure_logging("channel", settings.log_level, settings.log_format)
        asyncio.run(serve(settings))
