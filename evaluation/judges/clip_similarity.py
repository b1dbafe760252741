"""CLIP image similarity: cosine of image features of any CLIP or SigLIP that transformers loads."""

import numpy as np
from numpy.typing import NDArray

from evaluation.judges.hub import load_model
from semvid.errors import InvalidInput
from semvid.images.types import Picture


class ClipSimilarity:
    """Cosine of two pictures' features, -1..1, higher is closer.

    Args:
        model: hub id, or path of a saved checkpoint. The paper's figures are with CLIP ViT-B/32.

    Raises:
        MissingComponent: torch or transformers is not installed, or the model is neither here nor reachable.
        InvalidInput: a model without image features.
    """

    def __init__(self, model: str) -> None:
        self._model, self._processor = load_model("AutoModel", "AutoImageProcessor", model)
        if not hasattr(self._model, "get_image_features"):
            raise InvalidInput(
                f"CLIP similarity: {model!r} is a {type(self._model).__name__}, not a CLIP or SigLIP"
            )

    def __call__(self, reference: Picture, picture: Picture) -> float:
        """Similarity of two uint8 RGB pictures [height, width, 3]."""
        return float(self.vector(reference) @ self.vector(picture))

    def vector(self, picture: Picture) -> NDArray[np.float32]:
        """The image features, [dimensions], unit length."""
        import torch

        inputs = self._processor(images=picture, return_tensors="pt")
        with torch.inference_mode():
            features = self._model.get_image_features(pixel_values=inputs["pixel_values"])
        if not isinstance(features, torch.Tensor):  # transformers 5 wraps them
            features = features.pooler_output
        vector = features[0].float().numpy()
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
