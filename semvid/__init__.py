"""What both ends of a semvid link must agree on.

The shared package imports none of the three services (machine-checked), and importing it loads neither
torch nor FastAPI nor PyAV.
"""

__version__ = "0.1.0"
