"""`semvid demo`: the whole system on one machine, and a report of what came out."""

from pathlib import Path
from typing import Final

# 9 s of 640x360 at 25 frames/s with a hard cut at frame 125; scripts/make_demo_clip.py remakes it
CLIP: Final = Path(__file__).with_name("clip.mp4")
CREDIT: Final = (
    "solidWhiteRight, Udacity (MIT), scaled; a person signing “book”, Intel sample-videos (CC BY 4.0), "
    "cropped and slowed"
)
