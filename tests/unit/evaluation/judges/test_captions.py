import nltk
import numpy as np
import pytest
from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.translate import meteor_score as meteor_module

from evaluation.judge import Facts, Frames
from evaluation.judges.captions import Captions, bleu, meteor, rouge_l
from semvid.errors import MissingComponent

REFERENCE = "a dog runs over the green grass in a park"


def test_equal_sentences_score_one() -> None:
    assert bleu(REFERENCE, REFERENCE) == pytest.approx(1)
    assert rouge_l(REFERENCE, REFERENCE) == pytest.approx(1)


def test_unrelated_sentences_score_near_zero() -> None:
    other = "two people talk at night"
    assert bleu(REFERENCE, other) < 0.05
    assert rouge_l(REFERENCE, other) < 0.2


def test_a_short_caption_is_punished_by_brevity_a_short_reference_is_not() -> None:
    # precision of the caption is 1, so only the brevity penalty is left: exp(1 - 10/5)
    short = "a dog runs over the"
    assert bleu(REFERENCE, short) == pytest.approx(0.3679, abs=1e-3)
    assert bleu(short, REFERENCE) > bleu(REFERENCE, short)


def test_rouge_is_the_f_measure_of_the_longest_common_subsequence() -> None:
    # 4 of 4 words of the caption, 4 of 10 of the reference: 2 * 1 * 0.4 / 1.4
    assert rouge_l(REFERENCE, "dog runs the grass") == pytest.approx(0.8 / 1.4)


def test_meteor_without_wordnet_says_what_to_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nltk.data, "path", [])
    wordnet = nltk.corpus.util.LazyCorpusLoader("wordnet", WordNetCorpusReader, None)
    monkeypatch.setattr(meteor_module, "wordnet", wordnet)
    with pytest.raises(MissingComponent, match="downloader wordnet"):
        meteor(REFERENCE, "a cat sits on grass")


def test_a_caption_of_the_source_itself_is_perfect_where_nobody_described_it() -> None:
    pictures = [np.full((48, 64, 3), 40 * i, np.uint8) for i in range(4)]
    frames = Frames(range(4), pictures, [*pictures[1:], pictures[-1]])
    judge = Captions("embedded", None)
    seen = judge.look(frames)
    assert judge.compare(seen, frames, frames, Facts())["rouge_l"] == pytest.approx(1)
    described = judge.compare(seen, frames, frames, Facts(description=REFERENCE))
    assert described["rouge_l"] < 1
    assert "bert_score" not in described
