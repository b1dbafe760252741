"""Video captioning: how close a caption of what is shown is to what people say of the clip.

A multimodal model describes the judged frames; its sentence is scored against the description of the clip or,
where nobody wrote one, against the model's own caption of the source (then the source itself gets 1). BLEU-4
with sacrebleu (sentence level, exponential smoothing, 0..1), ROUGE-L (F measure), METEOR (needs WordNet),
BERTScore (F1, needs a model). The paper: BLEU, ROUGE-L and BERTScore.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from evaluation.judge import Facts, Frames
from semvid.errors import MissingComponent
from semvid.mllm.library import load

_FRAMES = 8  # spread over the judged ones


class Captions:
    """See `evaluation.judge.Judge`.

    Args:
        mllm: who captions, as in the transmitter's option ``mllm``.
        bert_model: path or hub id for BERTScore; None: it is absent.

    Raises:
        MissingComponent: a package that scores sentences is not installed.
    """

    measures = ("bleu", "rouge_l", "meteor", "bert_score")

    def __init__(self, mllm: str, bert_model: str | None) -> None:
        wanted = ["nltk", "rouge_score", "sacrebleu", *(["bert_score"] if bert_model else [])]
        for package in wanted:
            if find_spec(package) is None:
                raise MissingComponent(f"captions: needs {package}; pip install 'semvid[eval-text]'")
        self._mllm = load(mllm)
        self._bert_model = bert_model

    def look(self, source: Frames) -> str:
        """The model's caption of the source."""
        return self._caption(source)

    def compare(self, seen: str, _source: Frames, shown: Frames, facts: Facts) -> dict[str, float]:
        """All scores that can be taken here."""
        reference, caption = facts.description or seen, self._caption(shown)
        scores = {"bleu": bleu(reference, caption), "rouge_l": rouge_l(reference, caption)}
        with suppress(MissingComponent):  # left out, so that the panel reports it absent
            scores["meteor"] = meteor(reference, caption)
        if self._bert_model is not None:
            scores["bert_score"] = bert_score(reference, caption, self._bert_model)
        return scores

    def _caption(self, frames: Frames) -> str:
        picks = np.linspace(0, len(frames.pictures) - 1, _FRAMES).round().astype(int)
        return self._mllm.caption([frames.pictures[i] for i in sorted(set(picks.tolist()))])


def bleu(reference: str, caption: str) -> float:
    """BLEU-4 of one sentence, 0..1."""
    from sacrebleu.metrics import BLEU

    score = BLEU(effective_order=True, lowercase=True).sentence_score(caption, [reference]).score
    return float(score) / 100


def rouge_l(reference: str, caption: str) -> float:
    """F measure of the longest common subsequence of words, 0..1."""
    from rouge_score.rouge_scorer import RougeScorer

    return float(RougeScorer(["rougeL"], use_stemmer=True).score(reference, caption)["rougeL"].fmeasure)


def meteor(reference: str, caption: str) -> float:
    """METEOR, 0..1; words that WordNet calls synonyms match.

    Raises:
        MissingComponent: WordNet is not there.
    """
    from nltk.translate.meteor_score import meteor_score

    try:
        return float(meteor_score([_words(reference)], _words(caption)))
    except LookupError as error:
        raise MissingComponent(
            "METEOR: needs WordNet; get it with python -m nltk.downloader wordnet"
        ) from error


def bert_score(reference: str, caption: str, model: str) -> float:
    """F1 of BERTScore over the last layer of ``model``.

    Raises:
        MissingComponent: the model cannot be loaded.
    """
    scorer = _bert_scorer(model)
    _, _, f1 = scorer.score([caption], [reference])
    return float(f1[0])


@cache
def _bert_scorer(model: str) -> Any:
    from bert_score import BERTScorer
    from transformers import AutoConfig

    try:
        layers = AutoConfig.from_pretrained(model).num_hidden_layers
        return BERTScorer(model_type=model, num_layers=layers, device="cpu", use_fast_tokenizer=True)
    except (OSError, ValueError) as error:
        raise MissingComponent(f"BERTScore: {model} cannot be loaded: {error}") from error


def _words(sentence: str) -> Sequence[str]:
    return re.findall(r"[a-z0-9']+", sentence.lower())
