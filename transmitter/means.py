"""What may be spent now: what a target leaves to some segments, and what a way to send them takes of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from semvid import bitstream
from semvid.semantics import SideUnit
from transmitter.offers import Offer, Offers
from transmitter.rate.control import RateControl
from transmitter.rate.model import LinkPrice
from transmitter.shipment import Quote, Segment


class Means:
    """Of one transmission.

    Args:
        control: keeps the budget.
        price: what the link charges now.
        quote: what a shipment takes over the link as it is now.
    """

    def __init__(self, control: RateControl, price: Callable[[], LinkPrice], quote: Quote) -> None:
        self._control, self._price, self._quote = control, price, quote

    def most(self, segments: Sequence[Segment]) -> float:
        """Symbols that ``segments`` and the group of their keyframes may take, repetitions included."""
        last = segments[-1]
        return self._control.limit(last.stop, self._price(), last.last)

    def room(self, segments: Sequence[Segment], units: Sequence[SideUnit]) -> float:
        """Symbols for the keyframes that end ``segments``; what ``units`` take is taken off."""
        price = self._price()
        beside = price.symbols_beside(len(bitstream.pack(units)))
        return self._control.room(segments[-1].stop, price) - beside

    def charged(self, offer: Offer, room: float) -> float:
        """By the estimate that plans are made with; more than ``room`` where the link asks for more than may
        be spent."""
        coded, most = offer.shipment.coded, offer.shipment.most_symbols
        assert coded is not None
        estimated = self._price().symbols_of(sum(map(len, coded.packets)))
        if estimated > room or (quoted := self._quote(offer.shipment, offer.repeated)) <= most:
            return estimated
        return room * quoted / most if most > 0 else math.inf

    def taken(self, offers: Iterable[Offer]) -> float:
        """Symbols of all of them, one after the other, over the link as it is now."""
        return sum(self._quote(offer.shipment, offer.repeated) for offer in offers)

    def best(self, offers: Offers) -> Offer:
        """The first that there is room for; the last, which is nothing, if need be."""
        for offer in offers:
            most = offer.shipment.most_symbols
            if most == math.inf or self._quote(offer.shipment, offer.repeated) <= most:
                break
        return offer
