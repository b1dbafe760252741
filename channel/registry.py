"""Which conditions hold for which transmission, and how much has passed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from channel.conditions import Conditions
from semvid.errors import Busy, NotFound
from semvid.link.status import TransmissionIdInUse
from semvid.waveform import SINGLE_CARRIER, Waveform
from semvid.wire.v1 import link_pb2 as pb


class Registry:
    """Default conditions, conditions of single transmissions, counters. Use it from one event loop only.

    A transmission follows the default conditions, whatever they become, until it is given its own.

    Attributes:
        transmissions: opened since the start.
        blocks, symbols: passed on since the start.
        changed: set when the default conditions change; a new event takes its place.
    """

    def __init__(self, default: Conditions, max_transmissions: int) -> None:
        self.transmissions = self.blocks = self.symbols = 0
        self.changed = asyncio.Event()
        self._at_start = self._default = default
        self._max_transmissions = max_transmissions
        self._own: dict[str, Conditions | None] = {}  # every open transmission; None: follows the default
        self._waveforms: dict[str, Waveform] = {}  # of every open transmission

    @contextmanager
    def transmission(
        self,
        transmission_id: str,
        emulation: pb.ChannelConditions | None,
        waveform: Waveform = SINGLE_CARRIER,
    ) -> Iterator[None]:
        """Holds a place for one transmission; with it go its own conditions, when it ends.

        Args:
            transmission_id: chosen by the sender.
            emulation: conditions of its own, on top of the default ones of this moment; None: it has none.
            waveform: how its symbols become a signal.

        Raises:
            Busy: all places are taken.
            TransmissionIdInUse: the id is.
            InvalidInput: conditions out of range, or not fit for the waveform.
        """
        if transmission_id in self._own:
            raise TransmissionIdInUse(
                f"channel: a transmission {transmission_id!r} is under way; choose another id"
            )
        if len(self._own) >= self._max_transmissions:
            raise Busy(
                f"channel: {len(self._own)} transmissions are under way, the limit is "
                f"{self._max_transmissions}; try again later or raise SEMVID_CHANNEL_MAX_TRANSMISSIONS"
            )
        own = None if emulation is None else self._default.merged(emulation)
        (own or self._default).require(waveform)
        self._own[transmission_id], self._waveforms[transmission_id] = own, waveform
        self.transmissions += 1
        try:
            yield
        finally:
            del self._own[transmission_id], self._waveforms[transmission_id]

    def conditions(self, transmission_id: str = "") -> Conditions:
        """Conditions in force: of one open transmission, or the default ones (``""``).

        Raises:
            NotFound: no such transmission is under way.
        """
        if not transmission_id:
            return self._default
        try:
            return self._own[transmission_id] or self._default
        except KeyError:
            raise NotFound(f"channel: no transmission {transmission_id!r} is under way") from None

    def change(self, transmission_id: str, change: pb.ChannelConditions) -> Conditions:
        """Changes the fields that ``change`` sets, from the next burst on; returns the outcome.

        Args:
            transmission_id: ``""`` changes the default conditions.
            change: fields to change.

        Raises:
            NotFound: no such transmission is under way.
            InvalidInput: conditions out of range, or not fit for the waveform of a transmission that would
                have them; nothing is changed then.
        """
        changed = self.conditions(transmission_id).merged(change)
        following = [name for name, own in self._own.items() if own is None]
        for name in [transmission_id] if transmission_id else following:
            changed.require(self._waveforms[name])
        if transmission_id:
            self._own[transmission_id] = changed
        else:
            self._set_default(changed)
        return changed

    def reset(self) -> Conditions:
        """Back to what the service was started with, for every transmission under way as well.

        Raises:
            InvalidInput: that is not fit for the waveform of one of them; nothing is changed then.
        """
        for waveform in self._waveforms.values():
            self._at_start.require(waveform)
        self._own = dict.fromkeys(self._own)
        self._set_default(self._at_start)
        return self._default

    def _set_default(self, default: Conditions) -> None:
        if default != self._default:
            self._default = default
            self.changed.set()
            self.changed = asyncio.Event()
