"""The processor that turns text and pictures into a model's inputs, with or without torchvision.

`AutoProcessor` loads every part of a processor, and the part for videos always needs torchvision, although we
show pictures only (huggingface/transformers issue 48558). Where torchvision is absent, the same class is
loaded without that part.
"""

import types
from typing import Any


def load_processor(name: str) -> Any:
    """A processor that pads on the left, so that the last position is the next token's in every row.

    Raises:
        Whatever transformers raises.
    """
    from transformers import AutoProcessor
    from transformers.utils import is_torchvision_available

    try:
        processor = AutoProcessor.from_pretrained(name)
    except (ImportError, ValueError, AttributeError):
        if is_torchvision_available():
            raise
        processor = _load_images_only(name)
    processor.tokenizer.padding_side = "left"
    return processor


def _load_images_only(name: str) -> Any:
    import transformers
    from transformers import AutoConfig
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    config = AutoConfig.from_pretrained(name)
    base = getattr(transformers, PROCESSOR_MAPPING_NAMES[config.model_type])
    kept = [part for part in base.get_attributes() if part != "video_processor"]
    if len(kept) == len(base.get_attributes()):
        raise ImportError(f"{base.__name__} needs torchvision for pictures too")
    members: dict[str, Any] = {
        "get_attributes": classmethod(lambda _: kept),
        "video_processor": types.SimpleNamespace(num_frames=1, fps=1.0),  # some chat templates read these
    }
    if base.__name__ == "SmolVLMProcessor":  # parts by position, and names of arguments are inspected

        def __init__(  # noqa: N807
            self: Any,
            image_processor: Any,
            tokenizer: Any,
            image_seq_len: int = 169,
            chat_template: Any = None,
        ) -> None:
            base.__init__(
                self,
                image_processor,
                tokenizer,
                None,
                image_seq_len=image_seq_len,
                chat_template=chat_template,
            )

        members["__init__"] = __init__
        members["get_attributes"] = classmethod(lambda _: ["image_processor", "tokenizer"])
    images_only: Any = type(base.__name__, (base,), members)
    return images_only.from_pretrained(name)
