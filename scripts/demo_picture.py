"""Two moments of a side-by-side video, one above the other: `make demo-picture`.

python scripts/demo_picture.py demo-out/side_by_side.mp4 docs/images/demo.jpg
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from semvid.video.probe import probe
from semvid.video.reader import read_frames

WIDTH = 1000  # pixels
MOMENTS = (0.52, 0.75)  # of the video


def main() -> None:
    video, picture = Path(sys.argv[1]), Path(sys.argv[2])
    source = probe(video)
    wanted = {round(moment * source.frame_count_hint) for moment in MOMENTS}
    shown = np.vstack([frame.picture for frame in read_frames(video, source) if frame.index in wanted])
    height = round(WIDTH * shown.shape[0] / shown.shape[1])
    small = cv2.resize(shown, (WIDTH, height), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(picture), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    print(f"{picture}: {picture.stat().st_size} bytes")


if __name__ == "__main__":
    main()
