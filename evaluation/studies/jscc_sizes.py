"""At which size a keyframe without bits comes out nearest to its source, for some numbers of symbols.

    python -m evaluation.studies.jscc_sizes CLIP... [--frame 20] [--snr-db 10]

One frame of each clip through the learned code at every size that the services may choose, with AWGN on its
symbols and no link around them. Marks the size that the services take. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from evaluation.bench.report.table import markdown
from semvid.images.fidelity import psnr_db
from semvid.images.jscc.code import Analysed, Side, decode
from semvid.images.jscc.networks import shipped
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from transmitter.analogue.plan import scale_for
from transmitter.rate.model import coded_size
from transmitter.rate.plan import SCALES

SYMBOLS: Final = (3000, 6000, 10_000, 20_681, 40_000)


def shown(picture: Picture, size: tuple[int, int], symbols: int, snr_db: float) -> Picture:
    """``picture`` as it comes out when it is coded at ``size`` (width, height) for so many symbols."""
    coded = Analysed(shipped(), at_size(picture, size), snr_db).code(symbols, symbols_per_bit=1.0)
    no, random = 10 ** (-snr_db / 10), np.random.default_rng(0)
    noise = random.standard_normal((len(coded.symbols), 2)) @ np.array([1, 1j]) * np.sqrt(no / 2)
    received = (coded.symbols + noise).astype(np.complex64)
    made = decode(shipped(), Side.of(coded.side), received, np.full(len(received), no))
    height, width = picture.shape[:2]
    return at_size(made, (width, height))


def rows(clip: Path, frame: int, snr_db: float) -> Iterator[list[str]]:
    """A row for every number of symbols."""
    source = probe(clip)
    picture = next(islice(read_frames(clip, source), frame, None)).picture
    for symbols in SYMBOLS:
        found = {
            scale: psnr_db(shown(picture, coded_size(source, scale), symbols, snr_db), picture)
            for scale in SCALES
        }
        taken = scale_for(source, symbols)
        cells = [f"**{psnr:.1f}**" if scale == taken else f"{psnr:.1f}" for scale, psnr in found.items()]
        yield [clip.stem, f"{symbols:,}", *cells]


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--frame", type=int, default=20)
    parser.add_argument("--snr-db", type=float, default=10.0)
    given = parser.parse_args()
    header = ["clip", "symbols", *(f"1/{scale:.3g}" for scale in SCALES)]
    found = [row for clip in given.clips for row in rows(clip, given.frame, given.snr_db)]
    print("\n".join(markdown(header, found)))


if __name__ == "__main__":
    main()
