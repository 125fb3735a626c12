import numpy as np
import pytest

from core.evaluate.leaks import Gain, Naming, find_naming, gain_sentence, name_pattern
from core.text.descriptions import Description
from tests.toy import ALZHEIMER, DONEPEZIL, MEMANTINE, METFORMIN, PARKINSON, row_of


def naming(toy, texts, *pairs):
    descriptions = {row_of(toy, entity): Description(id=entity, **fields) for entity, fields in texts.items()}
    test = np.array([[row_of(toy, drug), row_of(toy, disease)] for drug, disease in pairs])
    return find_naming(toy, descriptions, test)


def test_either_description_may_name_the_partner_in_any_field(toy):
    texts = {
        DONEPEZIL: {"indications": "Given in ALZHEIMER'S DISEASE."},
        PARKINSON: {"background": "Worse under E2020."},  # a synonym of donepezil
        ALZHEIMER: {"mechanism": "Amyloid."},
    }
    found = naming(toy, texts, (DONEPEZIL, ALZHEIMER), (DONEPEZIL, PARKINSON), (MEMANTINE, ALZHEIMER), (METFORMIN, PARKINSON))
    assert found.by_drug.tolist() == [True, False, False, False]
    assert found.by_disease.tolist() == [False, True, False, False]
    assert found.named.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("names", "text", "there"),
    [
        (("dementia",), "Used in dementia.", True),
        (("dementia",), "Used in Dementia", True),
        (("dementia",), "dementias of old age", False),
        (("dementia",), "predementia", False),
        (("AD",), "AD is common", False),  # too short to mean anything
        (("AD", "dementia"), "AD is common", False),
        (("T2DM",), "(T2DM)", True),
        (("type 2 diabetes",), "type-2\ndiabetes", True),
        (("interferon (beta)",), "interferon (beta) helps", True),
        (("C++ factor",), "a c++ factor.", True),
        (("gout",), "gouty", False),
    ],
)
def test_names_are_whole_words_of_some_length_in_any_case(names, text, there):
    pattern = name_pattern(names)
    assert bool(pattern and pattern.search(text)) == there


def test_only_the_fields_that_are_asked_are_searched(toy):
    texts = {row_of(toy, DONEPEZIL): Description(id=DONEPEZIL, indications="Alzheimer's disease", mechanism="Enzyme.")}
    test = np.array([[row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER)]])
    for fields, there in [(("indications",), True), (("mechanism",), False), ((), False)]:
        assert find_naming(toy, texts, test, fields=fields).named.tolist() == [there]
    assert "(0 in the fields that this run reads)" in gain_sentence(NAMED, None, read=0)
    assert "explains nothing of the text's gain" in gain_sentence(NAMED, Gain("MRR", 0.1, 0.06, None), read=0)


def test_without_descriptions_nothing_is_named(toy):
    assert not naming(toy, {}, (DONEPEZIL, ALZHEIMER)).named.any()


NAMED = Naming(np.array([True, True, False, False]), np.array([False, True, False, True]))


def test_the_sentence_says_how_much_of_the_gain_is_left():
    words = gain_sentence(NAMED, Gain("MRR", 0.1, 0.06, 0.03), read=3)
    for part in (
        "3 of 4 held-out pairs (75%)",
        "MRR +0.100",
        "+0.060 on the 1",
        "+0.030 with text that leaves uses out",
        "about 40% to 70%",
    ):
        assert part in words
    assert "40%" in gain_sentence(NAMED, Gain("MRR", 0.1, 0.06, None), read=3)
    assert "about 0%" in gain_sentence(NAMED, Gain("MRR", 0.1, 0.2, None), read=3)
    assert "about 100%" in gain_sentence(NAMED, Gain("MRR", 0.1, -0.2, None), read=3)


def test_the_sentence_says_when_nothing_can_be_said():
    assert "--controls" in gain_sentence(NAMED, None, read=3)
    assert "gains nothing over" in gain_sentence(NAMED, Gain("MRR", -0.01, 0.1, None), read=3)
    assert "nothing can be said" in gain_sentence(NAMED, Gain("MRR", 0.1, None, None), read=3)
    assert "reads no text" in gain_sentence(NAMED, None)
