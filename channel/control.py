"""ChannelControlService: conditions at run time."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import structlog

from channel.registry import Registry
from semvid.errors import Busy, Conflict, SemvidError
from semvid.link.status import abort
from semvid.wire.v1 import channel_pb2 as pb
from semvid.wire.v1 import channel_pb2_grpc

MAX_WATCHERS = 16

_log = structlog.get_logger(__name__)

_NO_CONDITIONS = Conflict(
    "channel: this one is a radio and has no conditions; SEMVID_CHANNEL_AIR=emulated is one that has"
)

Context = grpc.aio.ServicerContext[Any, Any]


class ChannelControl(channel_pb2_grpc.ChannelControlServiceServicer):
    """Reads and changes what is in the registry; every change takes effect with the next burst."""

    def __init__(self, registry: Registry, emulates: bool = True) -> None:
        self._registry, self._emulates = registry, emulates
        self._watchers = 0
        self._draining = False

    def _require_emulation(self) -> None:
        if not self._emulates:
            raise _NO_CONDITIONS

    def drain(self) -> None:
        """Lets watchers go, so that they do not keep a draining server alive."""
        self._draining = True
        self._registry.changed.set()

    async def GetConditions(  # noqa: N802
        self, request: pb.GetConditionsRequest, context: Context
    ) -> pb.GetConditionsResponse:
        """Conditions in force; NOT_FOUND for an unknown transmission."""
        try:
            self._require_emulation()
            conditions = self._registry.conditions(request.transmission_id)
        except SemvidError as error:
            await abort(context, error)
        return pb.GetConditionsResponse(conditions=conditions.message())

    async def SetConditions(  # noqa: N802
        self, request: pb.SetConditionsRequest, context: Context
    ) -> pb.SetConditionsResponse:
        """Changes the fields that are set; INVALID_ARGUMENT out of range, and nothing is changed then."""
        try:
            self._require_emulation()
            conditions = self._registry.change(request.transmission_id, request.conditions)
        except SemvidError as error:
            await abort(context, error)
        _log.info(
            "conditions set", transmission_id=request.transmission_id or None, conditions=str(conditions)
        )
        return pb.SetConditionsResponse(conditions=conditions.message())

    async def ResetConditions(  # noqa: N802
        self,
        request: pb.ResetConditionsRequest,  # noqa: ARG002
        context: Context,
    ) -> pb.ResetConditionsResponse:
        """Back to what the service was started with; INVALID_ARGUMENT where that does not fit."""
        try:
            self._require_emulation()
            conditions = self._registry.reset()
        except SemvidError as error:
            await abort(context, error)
        _log.info("conditions reset", conditions=str(conditions))
        return pb.ResetConditionsResponse(conditions=conditions.message())

    async def WatchConditions(  # noqa: N802
        self,
        request: pb.WatchConditionsRequest,  # noqa: ARG002
        context: Context,
    ) -> AsyncIterator[pb.WatchConditionsResponse]:
        """The default conditions now, and after every change; a slow watcher sees the newest only."""
        if not self._emulates:
            await abort(context, _NO_CONDITIONS)
        if self._watchers >= MAX_WATCHERS:
            await abort(context, Busy(f"channel: {MAX_WATCHERS} watchers already; close one"))
        self._watchers += 1
        try:
            while not self._draining:
                changed = self._registry.changed
                yield pb.WatchConditionsResponse(
                    conditions=self._registry.conditions().message(),
                    transmissions=self._registry.transmissions,
                    blocks=self._registry.blocks,
                    symbols=self._registry.symbols,
                )
                await changed.wait()
        finally:
            self._watchers -= 1
