"""Keyframe pictures: their code, and the interpolation between them.

OpenCV splits a picture by its own thread count, and Intel's IPP inside it computes differently on each
generation of processors; the results depend on both. Held to one thread and to OpenCV's own code, the same
two pictures give the same flow in the transmitter's trial, at the receiver and in a repeated run. It costs no
time: callers run pictures in threads of their own (OpenCV releases the interpreter lock).
"""

import cv2

cv2.setNumThreads(1)
cv2.ipp.setUseIPP(False)
