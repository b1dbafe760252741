"""Sentences put together from measurements. Nothing is said that was not measured; what is unclear is left out."""

from transmitter.mllm.caption.sentence import describe

__all__ = ["describe"]
