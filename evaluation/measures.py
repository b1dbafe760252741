"""What is measured: the name, unit and direction of every number in a record."""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """One number.

    Attributes:
        label: in tables and plots, with the unit.
        better: which direction is good; "neither" for what only describes.
        digits: after the decimal point, in tables.
    """

    label: str
    better: Literal["higher", "lower", "neither"]
    digits: int = 3

    def gain(self, ours: float, rival: float) -> float:
        """How much better ``ours`` is; negative where it is worse."""
        return rival - ours if self.better == "lower" else ours - rival

    def as_quality(self, value: float) -> float:
        """``value`` turned so that higher is better."""
        return -value if self.better == "lower" else value


MEASURES: Final[dict[str, Measure]] = {
    "psnr_db": Measure("PSNR, dB", "higher", 2),
    "ssim": Measure("SSIM", "higher"),
    "ssim_rgb": Measure("SSIM of RGB", "higher"),
    "ms_ssim": Measure("MS-SSIM", "higher"),
    "lpips": Measure("LPIPS", "lower", 4),
    "dists": Measure("DISTS", "lower", 4),
    "clip_similarity": Measure("CLIP similarity, (cos + 1) / 2", "higher"),
    "clip_cosine": Measure("CLIP similarity, cosine", "higher"),
    "vmaf": Measure("VMAF", "higher", 1),
    "warping_error": Measure("warping error", "lower", 4),
    "flicker": Measure("flicker", "lower", 4),
    "embedding_cosine": Measure("MobileNet embedding, cosine", "higher"),
    "class_agreement": Measure("MobileNet class as on the source, %", "higher", 1),
    "map_50": Measure("detection mAP@0.5", "higher"),
    "map_50_95": Measure("detection mAP@0.5:0.95", "higher"),
    "objects_lost": Measure("objects lost, %", "lower", 1),
    "depth_rank": Measure("depth, rank correlation", "higher"),
    "depth_d1": Measure("depth D1", "higher"),
    "depth_d2": Measure("depth D2", "higher"),
    "depth_d3": Measure("depth D3", "higher"),
    "depth_abs_rel": Measure("depth AbsRel", "lower"),
    "depth_rmse": Measure("depth RMSE, of 255", "lower", 2),
    "flow_epe": Measure("optical flow, end point error, px", "lower"),
    "top1": Measure("action top-1, %", "higher", 1),
    "top5": Measure("action top-5, %", "higher", 1),
    "action_agreement": Measure("action as on the source, %", "higher", 1),
    "bleu": Measure("caption BLEU", "higher", 4),
    "rouge_l": Measure("caption ROUGE-L", "higher", 4),
    "meteor": Measure("caption METEOR", "higher", 4),
    "bert_score": Measure("caption BERTScore", "higher", 4),
    "faithfulness": Measure("questions answered as of the source, %", "higher", 1),
    "questions_asked": Measure("questions asked", "neither", 1),
    "cbr": Measure("CBR", "lower", 6),
    "cpu_per_second": Measure("CPU seconds for a second of video", "neither", 2),
    "keyframes": Measure("keyframes a clip", "neither", 2),
    "s_rel": Measure("S_rel, mean over compared pairs", "neither"),
}


def measure(name: str) -> Measure:
    """The measure ``name``; one that is not in the table (a plug-in's) is shown but never ranked."""
    return MEASURES.get(name, Measure(name, "neither"))
