"""Tiny random text-to-video pipelines of the real diffusers classes; see `tests.models.tiny_video`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.models import tiny_video


def _ltx_text() -> Any:
    from diffusers import LTXPipeline

    return LTXPipeline(**tiny_video.BUILDERS["ltx"]().components)


def _wan_text() -> Any:
    from diffusers import WanPipeline, WanTransformer3DModel

    transformer = WanTransformer3DModel(in_channels=16, **tiny_video._WAN_TRANSFORMER)
    return WanPipeline(**tiny_video._wan_parts(), transformer=transformer)


_BUILDERS = {"ltx_text": _ltx_text, "wan_text": _wan_text}


def checkpoint(kind: str) -> Path:
    """The folder of a pipeline of ``kind`` (ltx_text, wan_text); made once per process."""
    tiny_video.BUILDERS.setdefault(kind, _BUILDERS[kind])
    return tiny_video.checkpoint(kind)
