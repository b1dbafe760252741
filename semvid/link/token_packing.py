"""A keyframe of tokens, dealt into blocks that are of use one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semvid import token_payload
from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, Payload
from semvid.link.packing import CodedGroup
from semvid.semantics import KeyframeSlice


@dataclass(frozen=True, slots=True)
class CodedTokens(CodedGroup):
    """A group of one keyframe whose packet is a grid of tokens (`semvid.tokens.grid_bits`).

    A block that is lost costs its own tokens, which the receiver draws, and is not sent again.
    """

    def blocks(self, limit_bytes: int, probe_bytes: int | None = None) -> Iterator[BlockPayload]:  # noqa: ARG002
        """One for each packet of tokens, whatever the link is like: four are never long."""
        (joined,) = self.packets
        for stretch in filter(None, token_payload.cuts(len(joined))):
            part = KeyframeSlice(self.group.number, stretch.start, joined[stretch.start : stretch.stop])
            data = token_payload.pack(self.group, part)
            bulk = Payload(data, {SymbolClass.KEYFRAME: 8 * len(data)})
            yield BlockPayload(bulk=bulk, stretch=stretch, once=True)

    def pictures_in(self, stretches: Sequence[range]) -> set[int]:
        """The keyframe's index, where nothing at all of it arrives."""
        lost = {place for stretch in stretches for place in stretch}
        return {0} if len(lost) >= self.group.size else set()
