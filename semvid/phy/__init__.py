"""The physical layer: bytes to complex symbols and back, after 5G NR (3GPP TS 38.211, 38.212, 38.214).

Services use `block` (`modulate`, `BlockReceiver`), `adaptation` (`LinkAdapter`) and `pilots` (`sounding`).
Symbols are complex64 with unit average power; ``no`` is the noise variance per complex symbol and
``snr_db = 10 log10(1 / no)``; LLRs are log p(bit = 0) / p(bit = 1).
"""

from semvid.phy.self_test import warm_up

__all__ = ["warm_up"]
