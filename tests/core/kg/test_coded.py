import numpy as np
import pytest

from core.kg.coded import CodedTexts

TEXTS = ("agonist", "", "agonist", "\N{GREEK SMALL LETTER BETA}-blocker", "", "agonist")


@pytest.fixture
def coded() -> CodedTexts:
    return CodedTexts.of(TEXTS)


def test_it_reads_like_the_tuple(coded):
    assert coded == TEXTS
    assert list(coded) == list(TEXTS)
    assert [coded[place] for place in range(-6, 6)] == [TEXTS[place] for place in range(-6, 6)]
    assert coded[1:4] == TEXTS[1:4]
    assert coded + TEXTS == TEXTS + TEXTS
    assert (len(coded), coded.index(""), coded.count("agonist"), "none" in coded) == (6, 1, 3, False)


def test_another_text_makes_it_unequal(coded):
    assert coded != (*TEXTS[:-1], "antagonist")
    assert coded != TEXTS[:-1]
    assert coded != 6


def test_a_place_that_is_not_there_is_an_error(coded):
    with pytest.raises(IndexError):
        coded[6]


def test_rows_are_taken_in_their_order(coded):
    assert coded.taken(np.array([3, 0, 0])) == (TEXTS[3], TEXTS[0], TEXTS[0])


def test_each_distinct_text_is_kept_once_and_an_edge_takes_four_bytes(coded):
    assert coded.texts == ("agonist", "", TEXTS[3])
    assert coded.codes.nbytes == 4 * len(TEXTS)
    assert CodedTexts.of(coded) is coded


def test_no_texts_at_all():
    assert CodedTexts.of(()) == ()
