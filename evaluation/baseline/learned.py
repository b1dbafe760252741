"""A still across the channel by the learned joint source-channel code, counted like every other code."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from evaluation.baseline.analogue import analogue_capacity, analogue_symbols, send_analogue
from evaluation.baseline.one_shot import Bursts, channel_uses, send_parts
from evaluation.baseline.plan import robust_bursts
from evaluation.baseline.stills import SentStill, grey
from evaluation.link import Air, verified
from evaluation.method import Conditions
from semvid.accounting import Ledger, SymbolClass, cbr
from semvid.errors import InvalidInput
from semvid.images.jscc.code import Analysed, Coded, Side, decode
from semvid.images.jscc.networks import Networks
from semvid.images.types import Picture
from semvid.phy.layout import SPARSE_SPACING

JSCC: Final = "jscc"
"""Its name among the codes for stills."""
MAP_MARGIN_DB: Final = 12.0
"""How far the SNR may fall below the planned one before the rate map is lost, and all with it."""
_SLACK: Final = 40  # symbols that are left where a try did not fit
_TRIES: Final = 8  # to fill the budget; the bytes of a map change a little with what is left for symbols


class LearnedStill:
    """One picture as the encoder sees it for one planned SNR.

    Args:
        networks: of the code.
        picture: uint8 RGB [height, width, 3].
        planned: conditions that are planned for.
        map_margin_db: see `MAP_MARGIN_DB`; 0: the map is lost where the digital code would be.
    """

    def __init__(
        self,
        networks: Networks,
        picture: Picture,
        planned: Conditions,
        map_margin_db: float = MAP_MARGIN_DB,
    ) -> None:
        self._networks, self.picture, self._planned = networks, picture, planned
        self._margin_db = map_margin_db
        self._analysed = Analysed(networks, picture, planned.snr_db)
        self._fits = lru_cache(maxsize=None)(self._fitted)

    def send(self, budget: int, conditions: Conditions) -> SentStill:
        """Sends the picture once, over ``conditions``, planned for or not.

        The side information goes first, in digital bursts; where they are lost the picture is.

        Raises:
            InvalidInput: the budget does not hold the side information.
            RuntimeError: the ledger is wrong, or more was sent than ``budget``.
        """
        coded, bursts = self._fits(budget)
        air, ledger = Air(conditions), Ledger()
        parts = send_parts(coded.side, bursts, air, ledger, SymbolClass.HEADER)
        equalised, no = send_analogue(coded.symbols, bursts.pilot_spacing, air, ledger)
        arrived = [part for part in parts if part is not None]
        lost = len(arrived) < len(parts)
        if lost:
            shown = grey(self.picture)
        else:
            shown = decode(self._networks, Side.of(b"".join(arrived)), equalised, no)
        symbols = verified(ledger.symbols, air)
        used = sum(symbols.values())
        if used > budget:
            raise RuntimeError(f"{used} symbols were sent, the budget is {budget}")
        settings = {
            "planned_snr_db": self._planned.snr_db,
            "map_margin_db": self._margin_db,
            "mcs": bursts.mcs.name,
            "aggregation": bursts.aggregation,
            "pilot_spacing": bursts.pilot_spacing,
            "side_bytes": len(coded.side),
            "analogue_symbols": len(coded.symbols),
            "networks": self._networks.digest,
        }
        height, width = self.picture.shape[:2]
        return SentStill(shown, lost, symbols, cbr(used, 1, height, width), settings)

    def _fitted(self, budget: int) -> tuple[Coded, Bursts]:
        """The most symbols that fit beside their own side information."""
        protected = replace(self._planned, snr_db=self._planned.snr_db - self._margin_db)
        best: tuple[Coded, Bursts] | None = None
        side_symbols, symbols_per_bit, spacing = 0, 0.0, SPARSE_SPACING
        for _ in range(_TRIES):
            coded = self._analysed.code(analogue_capacity(budget - side_symbols, spacing), symbols_per_bit)
            bursts = robust_bursts(len(coded.side), protected)
            spacing = bursts.pilot_spacing
            needed = channel_uses(len(coded.side), bursts)
            symbols_per_bit = symbols_per_bit or needed / (8 * len(coded.side))
            fits = needed + analogue_symbols(len(coded.symbols), spacing) <= budget
            if fits and (best is None or len(coded.symbols) > len(best[0].symbols)):
                best = coded, bursts
            # half way, for a map that gets room grows
            side_symbols = (side_symbols + needed + 1) // 2 if fits else needed + _SLACK
        if best is not None:
            return best
        raise InvalidInput(
            f"jscc: {budget} symbols do not hold the side information and a picture at "
            f"{self._planned.snr_db:g} dB; raise --target-cbr"
        )
