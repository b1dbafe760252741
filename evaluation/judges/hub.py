"""Loads models of transformers by path or hub id, with one sentence for everything that can go wrong."""

from typing import Any

from semvid.errors import MissingComponent


def load_model(model_class: str, processor_class: str, model: str) -> tuple[Any, Any]:
    """The model in evaluation mode on the CPU, and its processor.

    Args:
        model_class, processor_class: names in transformers.
        model: path or hub id.

    Raises:
        MissingComponent: transformers is not installed, or ``model`` cannot be loaded from there.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingComponent(
            f"model {model}: needs transformers; install it with pip install 'semvid[models]'"
        ) from error
    try:
        network = getattr(transformers, model_class).from_pretrained(model)
        processor = getattr(transformers, processor_class).from_pretrained(model)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).strip().splitlines()[0]
        raise MissingComponent(f"model {model}: cannot be loaded as {model_class}: {reason}") from error
    return network.eval(), processor
