"""A loaded transformers model as `LanguageModel`."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog

from semvid.errors import InvalidInput, LimitExceeded, TransmissionFailed
from semvid.images.resize import within_area
from semvid.mllm.hf.failures import memory_remedy, ran_out
from semvid.mllm.hf.image_budget import image_arguments
from semvid.mllm.hf.prefix import PrefixReuse
from semvid.mllm.language_model import NO, YES, Message
from semvid.mllm.settings import PIXELS_OF_A_TOKEN, MllmSettings
from semvid.psss import Answer

Result = TypeVar("Result")
_log = structlog.get_logger(__name__)


class HfModel:
    """Implements `LanguageModel`; one forward pass at a time, whoever asks.

    Args:
        name: id or path of the checkpoint.
        model, processor: as transformers loaded them; the processor pads on the left.
        settings: batch size, tokens of a picture, and whether prefixes are kept.

    Attributes:
        at_once: see `LanguageModel.at_once`; a batch, as large as memory has allowed so far.

    Raises:
        InvalidInput: no chat template, or yes and no are no single tokens.
    """

    def __init__(self, name: str, model: Any, processor: Any, settings: MllmSettings) -> None:
        self.name = f"hf:{name}"
        self.notices: list[str] = []
        self._model, self._processor = model, processor
        self._lock = threading.Lock()
        self._memory_remedy, self._dtype_variable = memory_remedy(settings), settings.variable("mllm_dtype")
        # twice the width and height that the budget needs: the processor resizes by its own rules from there
        self._pixels = 4 * PIXELS_OF_A_TOKEN * settings.mllm_image_tokens
        self._image_arguments = image_arguments(processor, settings.mllm_image_tokens)
        self.at_once = settings.mllm_batch
        if not processor.chat_template:
            raise InvalidInput(
                f"{self.name}: the checkpoint has no chat template; choose an instruction-tuned model"
            )
        thinks = "enable_thinking" in str(processor.chat_template)
        self._template_arguments = {"enable_thinking": False} if thinks else {}
        self._yes, self._no = self._tokens_of(YES), self._tokens_of(NO)
        self.reuse_prefixes(settings.mllm_prefix_reuse)

    def reuse_prefixes(self, reuse: bool) -> None:
        """Whether what questions about one picture have in common is computed once; forgets what was kept."""
        self._prefixes = PrefixReuse(self._model, self._inputs) if reuse else None

    def answer(self, messages: Sequence[Message]) -> list[Answer]:
        """See `LanguageModel.answer`: one forward pass a batch, nothing is generated."""
        return self._in_batches(messages, self._answer)

    def write(self, messages: Sequence[Message], max_tokens: int) -> list[str]:
        """See `LanguageModel.write`."""
        return self._in_batches(messages, lambda batch: self._write(batch, max_tokens))

    def _in_batches(
        self, messages: Sequence[Message], work: Callable[[Sequence[Message]], list[Result]]
    ) -> list[Result]:
        """Results of ``work``, in order; a batch that does not fit is halved, and so are those that follow.

        Raises:
            LimitExceeded: a single message does not fit.
        """
        results: list[Result] = []
        with self._lock:
            while len(results) < len(messages):
                batch = messages[len(results) : len(results) + self.at_once]
                try:
                    results += work(batch)
                    continue
                except Exception as error:
                    if not ran_out(error):
                        raise
                # outside the handler: an exception at hand keeps the tensors of its frames alive
                self._free_memory()
                if len(batch) == 1:
                    raise LimitExceeded(
                        f"the device has no memory for one question; {self.name}: {self._memory_remedy}"
                    )
                self.at_once = len(batch) // 2
                self._notice(
                    f"the device ran out of memory with {len(batch)} questions at once; now {self.at_once}"
                )
        return results

    def _answer(self, messages: Sequence[Message]) -> list[Answer]:
        import torch

        with torch.inference_mode():
            logits = None if self._prefixes is None else self._prefixes.logits(messages)
            if logits is None:
                logits = self._model(**self._inputs(messages), logits_to_keep=1).logits[:, -1]
            logits = logits.float()
            if not bool(torch.isfinite(logits).any(dim=-1).all()) or bool(torch.isnan(logits).any()):
                raise TransmissionFailed(
                    f"{self.name}: the model's output is no number; set {self._dtype_variable}=float32 or "
                    "bfloat16"
                )
            probabilities = logits.softmax(-1)
            yes = probabilities[:, self._yes].sum(-1).tolist()
            no = probabilities[:, self._no].sum(-1).tolist()
        return [Answer(min(1.0, y), min(1.0, n)) for y, n in zip(yes, no, strict=True)]

    def _write(self, messages: Sequence[Message], max_tokens: int) -> list[str]:
        import torch

        inputs = self._inputs(messages)
        with torch.inference_mode():
            tokens = self._model.generate(**inputs, max_new_tokens=max_tokens, do_sample=False)
        written = tokens[:, inputs["input_ids"].shape[1] :]
        texts = self._processor.batch_decode(written, skip_special_tokens=True)
        return [text.strip() for text in texts]

    def _inputs(self, messages: Sequence[Message]) -> Any:
        """Tensors of a batch, on the model's device, padded on the left."""
        arguments: dict[str, Any] = {"padding": True}
        if self._image_arguments:
            arguments["images_kwargs"] = self._image_arguments
        inputs = self._processor.apply_chat_template(
            [_conversation(message, self._pixels) for message in messages],
            tokenize=True,
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs=arguments,
            **self._template_arguments,
        )
        return inputs.to(self._model.device, dtype=self._model.dtype)

    def _tokens_of(self, forms: Sequence[str]) -> list[int]:
        """The forms of a word that the tokenizer writes as one token."""
        tokenizer = self._processor.tokenizer
        ids = [tokenizer.encode(form, add_special_tokens=False) for form in forms]
        single = sorted({one[0] for one in ids if len(one) == 1})
        if not single:
            raise InvalidInput(
                f'{self.name}: its tokenizer has no single token for "{forms[0]}", so no probability can be '
                "read; choose another model"
            )
        return single

    def _free_memory(self) -> None:
        import torch

        if self._prefixes is not None:
            self._prefixes.forget()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _notice(self, text: str) -> None:
        text = f"{self.name}: {text}"
        self.notices.append(text)
        _log.warning("batch halved", mllm=self.name, detail=text)


def _conversation(message: Message, pixels: int) -> list[dict[str, Any]]:
    from PIL import Image

    content = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image", "image": Image.fromarray(within_area(part, pixels))}
        for part in message
    ]
    return [{"role": "user", "content": content}]
