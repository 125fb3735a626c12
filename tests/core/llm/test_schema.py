"""Replies as models write them, against what a person reads in them."""

import json

import pytest

from core.llm.schema import REPLY_SCHEMA, Reply, ReplyError, read_reply

WHOLE = {
    "background": "A piperidine.",
    "mechanism": "Blocks ACHE.",
    "indications": "N/A",
    "contraindications": "",
    "indicated_for": ["Alzheimer's disease", "Alzheimer's disease", "n/a"],
    "contraindicated_in": [],
    "targets": ["ACHE"],
}
READ = {
    "background": "A piperidine.",
    "mechanism": "Blocks ACHE.",
    "indicated_for": ["Alzheimer's disease"],
    "targets": ["ACHE"],
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(WHOLE),
        f"```json\n{json.dumps(WHOLE, indent=2)}\n```",
        f"Here it is:\n{json.dumps(WHOLE)}\nI hope this helps.",
        json.dumps(WHOLE)[:-1] + ",}",
        json.dumps(WHOLE).replace('["ACHE"]', '["ACHE",]'),
        "<think>\nshould I? {no}\n</think>\n" + json.dumps(WHOLE),
    ],
    ids=["plain", "fenced", "with words", "trailing comma", "trailing comma in a list", "thinking aloud"],
)
def test_json_is_found_and_mended(text: str) -> None:
    assert read_reply(text, "json") == READ


def test_half_a_character_can_be_written() -> None:
    read = read_reply('{"background": "a \\ud800 b", "targets": ["x\\udc00"]}', "json")
    assert read == {"background": "a ? b", "targets": ["x?"]}


def test_a_comma_before_a_bracket_inside_a_text_stays() -> None:
    assert read_reply('{"background": "a,} b,] \\"c,}\\""}', "json") == {"background": 'a,} b,] "c,}"'}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (json.dumps(WHOLE)[:60], "no complete JSON"),
        ("It is a drug.", "no JSON object"),
        ('{"background": ["a"]}', "background"),
        ('{"background": "a", "targets": "ACHE"}', "targets"),
        ('{"mechanism": "a"}', "background"),
        (json.dumps({"background": "x" * 7000}), "6000"),
        (json.dumps({"background": "a", "targets": ["x"] * 101}), "100"),
        ("{" * 100_000, "no complete JSON"),
    ],
)
def test_json_of_another_form_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ReplyError, match=why) as caught:
        read_reply(text, "json")
    assert not caught.value.refused


@pytest.mark.parametrize(
    "text", ["I'm sorry, but I can't help with that.", "I cannot provide medical advice.", "As an AI model, no."]
)
@pytest.mark.parametrize("form", ["text", "sections", "json"])
def test_a_refusal_is_one_in_every_form(text: str, form: str) -> None:
    with pytest.raises(ReplyError) as caught:
        read_reply(text, form)
    assert caught.value.refused


@pytest.mark.parametrize(
    ("text", "form"),
    [("N/A", "text"), ('{"background": "unknown."}', "json"), ("Background: N/A; Appearance: n/a; Clinical: None.", "sections")],
)
def test_who_knows_nothing_has_described_nothing(text: str, form: str) -> None:
    with pytest.raises(ReplyError, match="knows nothing"):
        read_reply(text, form)


@pytest.mark.parametrize(
    "text",
    [
        "Background: A salicylate; Appearance: White crystals; Clinical: Treats pain.",
        "**Background:** A salicylate\n**Appearance:** White crystals\n**Clinical:** Treats pain.",
        "Background: A salicylate;\nAppearance: White crystals;\nClinical: Treats pain.",
    ],
)
def test_sections_are_split_and_what_names_uses_stands_apart(text: str) -> None:
    assert read_reply(text, "sections") == {"background": "A salicylate White crystals", "indications": "Treats pain."}


def test_a_missing_section_is_named() -> None:
    with pytest.raises(ReplyError, match="no section Clinical"):
        read_reply("Background: A salicylate; Appearance: White", "sections")


def test_free_text_goes_where_the_blind_mode_does_not_see_it() -> None:
    assert read_reply(" Used for pain. ", "text") == {"indications": "Used for pain."}


def test_the_schema_names_what_the_reader_reads() -> None:
    assert set(REPLY_SCHEMA["properties"]) == set(REPLY_SCHEMA["required"]) == set(Reply.model_fields)
