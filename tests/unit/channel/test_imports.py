"""The channel stays light: it knows nothing of video, semantics or neural networks."""

from __future__ import annotations

import subprocess
import sys

FORBIDDEN = {
    "torch",
    "av",
    "cv2",
    "numba",
    "transformers",
    "semvid.semantics",
    "semvid.bitstream",
    "semvid.video",
}


def test_the_channel_imports_nothing_of_video():
    listing = "import sys, channel.app; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    assert not FORBIDDEN & set(run.stdout.split())
