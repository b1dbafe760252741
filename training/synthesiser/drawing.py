"""What `semvid.images.synthesiser` does with the network's words, in torch, so that slopes go through it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from semvid.images.interpolation import DETAIL_SIGMA, SHARPENING
from training.losses import LUMA, blurred
from training.synthesiser.crops import MARGIN, Batch
from training.synthesiser.network import Said, SynthesiserNetwork


class Drawing:
    """The pictures of one batch.

    Args:
        batch: what they are drawn from.
        device: where.
    """

    def __init__(self, batch: Batch, device: torch.device) -> None:
        self._start, self._end, self._motion, self._share, self._t = (
            torch.from_numpy(part).to(device)
            for part in (batch.starts, batch.ends, batch.motions, batch.shares, batch.times)
        )
        self.real = torch.from_numpy(batch.sources).to(device)

    def bridged(self) -> Tensor:
        """As the bridge alone draws them, float32 [n, 3, h, w], RGB 0..1."""
        return self._blended(*self._moved(), self._share)

    def synthesised(self, network: SynthesiserNetwork) -> Tensor:
        """Likewise, corrected as ``network`` says."""
        pictures = self._moved()
        luma = torch.cat([_luma(one) for one in pictures], 1)
        colour = torch.cat([functional.avg_pool2d(one, 2) for one in pictures], 1)
        said: Said = network(luma, colour, self._motion, self._share, self._t)
        blended = self._blended(*self._moved(said.shift), said.share)
        return blended + _enlarged(said.colour) + said.luma

    def _moved(self, shift: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Both keyframes where they show at t."""
        t = self._t[:, :, None, None]
        to_start, to_end = -t * self._motion, (1 - t) * self._motion
        if shift is not None:
            to_start, to_end = to_start + shift[:, :2], to_end + shift[:, 2:]
        return _sampled(self._start, _enlarged(2 * to_start)), _sampled(self._end, _enlarged(2 * to_end))

    def _blended(self, start: Tensor, end: Tensor, share: Tensor) -> Tensor:
        blend = torch.lerp(start, end, _enlarged(share))
        n, _, h, w = blend.shape
        smooth = blurred(blend.reshape(-1, 1, h, w), DETAIL_SIGMA).reshape(n, 3, h, w)
        t = self._t[:, :, None, None]
        return blend + SHARPENING * 4 * t * (1 - t) * (blend - smooth)


def _sampled(pictures: Tensor, away: Tensor) -> Tensor:
    """Pictures with a margin at the places that lie ``away``, pixels, float32 [n, 2, h, w]."""
    side = pictures.shape[-1]
    along = torch.arange(side - 2 * MARGIN, dtype=away.dtype, device=away.device) + MARGIN
    columns, rows = torch.meshgrid(along, along, indexing="xy")
    places = torch.stack([columns, rows])[None] + away
    scaled = 2 * places / (side - 1) - 1
    return functional.grid_sample(
        pictures, scaled.permute(0, 2, 3, 1), padding_mode="border", align_corners=True
    )


def _enlarged(planes: Tensor) -> Tensor:
    return functional.interpolate(planes, scale_factor=2, mode="bilinear", align_corners=False)


def _luma(pictures: Tensor) -> Tensor:
    weights = torch.tensor(LUMA, dtype=pictures.dtype, device=pictures.device)
    return (pictures * weights[:, None, None]).sum(1, keepdim=True)
