"""How a video decoder with weights is loaded and run: everything that a user may choose.

``None`` means: what the preset of the card says, and else what the model's family takes by default.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

from semvid.errors import InvalidInput

Card = Literal["", "24gb", "80gb"]
Lengths = Literal["dsa", "sfa"]
Dtype = Literal["bfloat16", "float16", "float32"]
Offload = Literal["none", "model", "group"]
Quantisation = Literal["none", "int8", "fp8"]


@dataclass(frozen=True, slots=True)
class DecoderOptions:
    """Options of one decoder; picklable, so that a decoder can be made in another process.

    Attributes:
        card: preset by the memory of the GPU, see `PRESETS`; options that are given win over it.
        device: ``auto`` (the first GPU, else the CPU) or a torch device: ``cuda``, ``cuda:1``, ``cpu``.
        dtype: of the weights; VAEs that need float32 keep it. Default: bfloat16 on a GPU, float32 on a CPU.
        offload: what leaves the GPU while it is not needed: nothing, whole components (``model``), or layers
            (``group``: least memory, slowest).
        quantisation: of the transformer's weights, by torchao.
        compile: the transformer's repeated blocks, by torch.compile; each shape's first clip takes minutes.
        attention: name of a diffusers attention backend, for example ``flash`` or ``_flash_3_hub``.
        steps: denoising steps.
        guidance: classifier-free guidance scale; 1 switches it off.
        batch: clips of one shape that are generated together, where the family can.
        pixels: per generated frame, at most; larger videos are generated smaller and enlarged.
        frames: of one generated clip, at most; longer gaps are made coarse to fine.
        lengths: ``dsa``: each clip as long as its gap (paper, dynamic segment adaptation); ``sfa``: every
            clip of ``frames`` frames, stretched or squeezed to its gap (paper, fixed).
        threads: of the CPU, for decoders on ONNX Runtime. Default: one for every core of this process.
        distilled: whether the checkpoint is a distilled one, made for few steps without guidance. Default:
            when its name says so.
    """

    card: Card = ""
    device: str = "auto"
    dtype: Dtype | None = None
    offload: Offload | None = None
    quantisation: Quantisation | None = None
    compile: bool | None = None
    attention: str | None = None
    steps: int | None = None
    guidance: float | None = None
    batch: int | None = None
    pixels: int | None = None
    frames: int | None = None
    lengths: Lengths = "dsa"
    threads: int | None = None
    distilled: bool | None = None

    def __post_init__(self) -> None:
        if self.card and self.card not in PRESETS:
            raise InvalidInput(f"no preset for card {self.card!r}; there are: {', '.join(PRESETS)}")
        for name, least in (("steps", 1), ("batch", 1), ("pixels", 32 * 32), ("frames", 5), ("threads", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InvalidInput(f"decoder option {name} must be at least {least}, got {value}")

    def with_preset(self) -> DecoderOptions:
        """These options, with those that are not given taken from the preset of the card."""
        preset = PRESETS.get(self.card, {})
        open_ = {field.name for field in fields(self) if getattr(self, field.name) is None}
        return replace(self, **{name: value for name, value in preset.items() if name in open_})


PRESETS: Final[dict[str, dict[str, Any]]] = {
    # 16 to 24 GB: int8 halves a 13B transformer to 13 GB, and the text encoder leaves before it comes.
    "24gb": {
        "dtype": "bfloat16",
        "offload": "model",
        "quantisation": "int8",
        "batch": 1,
        "pixels": 832 * 480,
    },
    # 80 GB and more: a 13B transformer and its text encoder stay; several clips at a time fill the card.
    "80gb": {
        "dtype": "bfloat16",
        "offload": "none",
        "quantisation": "none",
        "batch": 4,
        "pixels": 1280 * 720,
    },
}
