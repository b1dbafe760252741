"""Keyframe pictures: their code, and the interpolation between them.

OpenCV splits a picture by its own thread count, and Intel's IPP inside it computes differently on each
generation of processors; the results depend on both. Held to one thread and to OpenCV's own code, the same
two pictures give the same flow in the transmitter's trial, at the receiver and in a repeated run. It costs no
time: callers run pictures in threads of their own (OpenCV releases the interpreter lock).
"""

import os

import cv2


def _without_ipp() -> None:
    """Turns IPP off in all threads: `cv2.ipp.setUseIPP` holds in its own thread only.

    OpenCV reads the variable when IPP is first wanted, and warns that it heeds it.
    """
    os.environ["OPENCV_IPP"] = "disabled"
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    cv2.ipp.useIPP()
    cv2.utils.logging.setLogLevel(level)
    cv2.ipp.setUseIPP(False)


cv2.setNumThreads(1)
_without_ipp()
