"""What is handed to the link, and what comes back of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from semvid.accounting import SymbolClass
from semvid.phy.analogue import AnalogueBlock
from semvid.phy.block import Reception, TbState


@dataclass(frozen=True, slots=True)
class Payload:
    """What one transport block carries.

    Attributes:
        data: 1..1023 bytes where it is to be protected, 1..8191 in bulk.
        bits: information bits by class of the ledger, 8 * len(data) or fewer in all.
    """

    data: bytes
    bits: Mapping[SymbolClass, int]


@dataclass(frozen=True, slots=True)
class BlockPayload:
    """What is sent, and repeated until it arrives, under one control word; at least one of the first two.

    Attributes:
        protected: side information.
        bulk: pictures, or sound.
        stretch: what is in ``bulk``, for the sender to know what was lost.
        anchor: pictures in ``bulk`` are of layer 0.
        vital: without ``bulk`` nothing of the whole shipment can be shown.
        renewals: how often what did not arrive in all rounds is sent anew.
        once: ``bulk`` is of use by itself and is not repeated: the receiver makes up for what does not come.
        renewed: it was sent before.
        short: a part of it was given up for want of room.
        analogue: a picture as symbols without bits, in the place of ``bulk`` beside the side information that
            says what they are. They are sent once: only what is protected is repeated.

    Raises:
        ValueError: symbols without bits beside a bulk payload, or without side information.
    """

    protected: Payload | None = None
    bulk: Payload | None = None
    stretch: range = range(0)
    anchor: bool = False
    vital: bool = False
    renewals: int = 0
    once: bool = False
    renewed: bool = False
    short: bool = False
    analogue: AnalogueBlock | None = None

    def __post_init__(self) -> None:
        if self.analogue is not None and (self.bulk is not None or self.protected is None):
            raise ValueError("symbols without bits travel in the place of the bulk, beside what is protected")

    @property
    def is_sound(self) -> bool:
        """Whether its bulk is sound."""
        return self.bulk is not None and SymbolClass.SOUND in self.bulk.bits


@dataclass(frozen=True, slots=True)
class BlockReport:
    """What the receiver says of one burst.

    Attributes:
        control_decoded: it could read the control word.
        protected, bulk: what became of the transport blocks.
        snr_db, effective_snr_db: as measured, see `semvid.phy.block.Reception`.
    """

    control_decoded: bool
    protected: TbState
    bulk: TbState
    snr_db: float
    effective_snr_db: float

    @classmethod
    def of(cls, reception: Reception) -> BlockReport:
        """The report on what was received."""
        return cls(
            reception.control is not None,
            reception.protected_state,
            reception.bulk_state,
            reception.snr_db,
            reception.effective_snr_db,
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """What of a shipment arrived.

    Attributes:
        protected: all of its protected transport blocks.
        lost: stretches of the bulk transport blocks that did not, because they failed or had no room, and
            those that arrived in vain. An empty one stands for symbols without bits.
    """

    protected: bool = True
    lost: tuple[range, ...] = ()
