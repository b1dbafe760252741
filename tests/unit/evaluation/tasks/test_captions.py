import pytest

from evaluation.tasks.captions import bleu, meteor, rouge_l
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


def test_meteor_says_what_it_needs() -> None:
    try:
        assert meteor(REFERENCE, REFERENCE) > 0.9
    except MissingComponent as error:
        assert "wordnet" in str(error)
