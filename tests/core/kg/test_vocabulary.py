import hashlib

import pytest

from core.kg.vocabulary import Vocabulary


def test_rows_follow_the_order_given():
    vocabulary = Vocabulary(("b", "a"), ("treats",))
    assert vocabulary.entity_row == {"b": 0, "a": 1}
    assert vocabulary.relation_row == {"treats": 0}


def test_fingerprint_is_the_sha256_of_all_identifiers_in_order():
    expected = hashlib.sha256(b"a\0b\0\1r\0\1").hexdigest()
    assert Vocabulary(("a", "b"), ("r",)).fingerprint == expected


@pytest.mark.parametrize(
    ("entities", "relations"),
    [(("b", "a"), ("r", "s")), (("a", "b"), ("s", "r")), (("a", "b", "c"), ("r", "s")), (("ab",), ("r", "s"))],
)
def test_another_order_or_content_has_another_fingerprint(entities, relations):
    assert Vocabulary(entities, relations).fingerprint != Vocabulary(("a", "b"), ("r", "s")).fingerprint


@pytest.mark.parametrize(("entities", "relations"), [(("a", "a"), ("r",)), (("a",), ("r", "r"))])
def test_an_identifier_twice_is_refused(entities, relations):
    with pytest.raises(ValueError, match="not unique"):
        Vocabulary(entities, relations)
