"""Sentences put together from measurements: what was not measured is not said, what is unclear left out."""

from transmitter.mllm.embedded.caption.sentence import describe

__all__ = ["describe"]
