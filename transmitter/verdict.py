"""What no transmission survives: a stream header that is lost, or not one picture that arrived."""

from semvid.errors import TransmissionFailed
from semvid.link.blocks import Delivery
from semvid.link.record import LinkRecord
from transmitter.rate.control import Budget
from transmitter.shipment import Shipment


def require_header(shipment: Shipment, delivery: Delivery, link: LinkRecord, budget: Budget | None) -> None:
    """Of the shipment that carries it.

    Raises:
        TransmissionFailed: it was lost.
    """
    if not shipment.carries_header or delivery.protected:
        return
    tried, remedy = f"all {link.rounds} rounds", " or allow more retransmissions"
    if budget is not None:
        tried, remedy = f"the rounds, {link.rounds} at most, that have room{_within(budget)}", ""
    raise TransmissionFailed(
        f"the stream header was lost in {tried}; the receiver last measured {link.snr_db:.1f} dB. "
        f"Raise the SNR{_or_the_target(budget)}{remedy}"
    )


def require_pictures(arrived: int, link: LinkRecord, budget: Budget | None) -> None:
    """At the end of a video, by how many keyframes arrived.

    Raises:
        TransmissionFailed: none did.
    """
    if arrived:
        return
    raise TransmissionFailed(
        f"no picture arrived{_within(budget)}: the coarsest has no room, or was lost; the receiver last "
        f"measured {link.snr_db:.1f} dB. Raise the SNR{_or_the_target(budget)}, or send smaller pictures"
    )


def _within(budget: Budget | None) -> str:
    if budget is None or budget.endless:
        return ""
    return f" within the {budget.most:,.0f} symbols that the target CBR allows"


def _or_the_target(budget: Budget | None) -> str:
    return "" if budget is None else " or the target CBR"
