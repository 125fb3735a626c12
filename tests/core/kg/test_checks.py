"""Checks of a graph, each against a slow obvious loop or a case built by hand."""

from dataclasses import replace

import numpy as np
import pytest

from core.kg.checks import check_graph
from core.kg.findings import SHOWN
from tests.toy import (
    ACHE,
    ALZHEIMER,
    ASPIRIN,
    DONEPEZIL,
    EDGES,
    HALOPERIDOL,
    NODES,
    PARKINSON,
    PRION,
    graph_of,
    toy_descriptions,
)

DESCRIBED = [(each["id"], each["name"]) for each in toy_descriptions()]


def checked(graph, **given):
    return {check.name: check for check in check_graph(graph, **given)}


def with_edges(*edges):
    return graph_of(NODES, [*EDGES, *((*edge, "", "") for edge in edges)])


def test_what_the_toy_graph_has_is_found_and_nothing_else(toy):
    """By its drawing: aspirin is not described, two diseases share "dementia", and no disease is located anywhere."""
    found = checked(toy, described=DESCRIBED, linked=np.ones(toy.n_entities, dtype=bool))
    looked_at = {"entities without description", "shared names", "declared but missing"}
    assert {name for name, check in found.items() if check.level != "pass"} == looked_at
    assert found["declared but missing"].cases == ("localizes_to (declared as area_relations)",)
    assert found["entities without description"].cases == (f"aspirin ({ASPIRIN})",)
    assert found["shared names"].cases == (f"dementia: Alzheimer's disease ({ALZHEIMER}); prion disease ({PRION})",)
    assert all(not check.advice and not check.count for check in found.values() if check.level == "pass")
    assert all(check.advice for check in found.values() if check.level != "pass")


def test_what_is_worst_stands_first(toy):
    levels = [check.level for check in check_graph(replace(toy, kinds=("Thing",) * toy.n_entities))]
    assert levels == sorted(levels, key=("fail", "warn", "pass").index)
    assert levels[0] == "fail"


def test_a_graph_without_drugs_names_the_kinds_that_it_has(toy):
    found = checked(replace(toy, kinds=tuple("Drug" if kind == "Compound" else kind for kind in toy.kinds)))
    assert found["kinds"].level == found["treatments"].level == "fail"
    assert found["kinds"].cases == ("drugs (kind Compound)",)
    assert "Drug," in found["kinds"].found
    assert "drug_kind" in found["kinds"].advice


def test_treatments_stored_the_wrong_way_round_are_told():
    turned = [(tail, relation, head, *rest) if relation == "treats" else (head, relation, tail, *rest)
              for head, relation, tail, *rest in EDGES]  # fmt: skip
    found = checked(graph_of(NODES, turned))
    assert found["treatment ends"].count == sum(edge[1] == "treats" for edge in EDGES)
    assert "Alzheimer's disease treats donepezil" in found["treatment ends"].cases
    assert found["treatments"].level == "pass"  # relief is still known


def test_a_graph_in_which_nothing_treats_cannot_be_used():
    found = checked(graph_of(NODES, [edge for edge in EDGES if edge[1] == "treats"][:1]))
    assert found["treatments"].level == "pass"
    turned = graph_of(NODES, [(ALZHEIMER, "treats", DONEPEZIL, "", "")])
    assert checked(turned)["treatments"].level == "fail"


def test_self_loops_are_told():
    found = checked(with_edges((ACHE, "interacts_with", ACHE)))["self loops"]
    assert (found.level, found.cases) == ("warn", ("ACHE interacts with ACHE",))


def test_repeated_edges_that_the_loader_dropped_are_told(toy):
    assert checked(replace(toy, duplicates=3))["duplicates"].count == 3


def test_a_relation_that_is_not_declared_is_told_with_its_edges():
    found = checked(with_edges((ACHE, "made_up", ALZHEIMER), (ACHE, "made_up", PARKINSON)))["undeclared relations"]
    assert found.cases == ("made_up (2 edges)",)


def test_a_declared_role_without_edges_is_told():
    found = checked(graph_of(NODES, [edge for edge in EDGES if edge[1] != "palliates"]))["declared but missing"]
    assert "palliates (declared as palliates)" in found.cases


def test_a_pair_that_is_treated_and_forbidden_is_told_by_a_slow_loop(starter):
    names, source = starter.vocabulary.relations, starter.source
    triples = [(head, names[relation], tail) for head, relation, tail in starter.triples.tolist()]
    drugs, diseases = set(starter.drugs.tolist()), set(starter.diseases.tolist())
    known = {(h, t) for h, r, t in triples if r in ("treats", "palliates") and h in drugs and t in diseases}
    forbidden = {(h, t) for h, r, t in triples if r in source.roles["contraindicated"]}
    found = checked(starter)["treats and contraindicated"]
    assert found.count == len(known & forbidden) > 0
    assert set(found.cases) == {f"{starter.names[h]} in {starter.names[t]}" for h, t in known & forbidden}


def test_a_known_treatment_that_becomes_forbidden_is_told():
    found = checked(with_edges((DONEPEZIL, "contraindicated_in", ALZHEIMER)))["treats and contraindicated"]
    assert found.cases == ("donepezil in Alzheimer's disease",)
    assert checked(with_edges((HALOPERIDOL, "contraindicated_in", "Gene::ACHE")))["treats and contraindicated"].level == "pass"


def test_an_entity_without_edges_is_told():
    found = checked(graph_of([*NODES, ("Gene::x", "lonely", "Gene", "")], EDGES))["isolated entities"]
    assert found.cases == ("lonely (Gene::x)",)


def test_names_are_shared_within_a_kind_only_and_case_aside():
    same = [("Compound::a", "ARICEPT", "Compound", ""), ("Gene::b", "aricept", "Gene", ""), ("Gene::c", "c", "Gene", "c|C")]
    found = checked(graph_of([*NODES, *same], EDGES))["shared names"]
    assert [case.split(":")[0] for case in found.cases] == ["aricept", "dementia"]


def test_shared_names_of_the_starter_are_those_of_a_slow_loop(starter):
    texts = [(kind, {t.casefold() for t in (name, *others)})
             for kind, name, others in zip(starter.kinds, starter.names, starter.synonyms, strict=True)]  # fmt: skip
    shared = {
        (kind, text)
        for place, (kind, mine) in enumerate(texts)
        if kind in ("Disease", "Compound")
        for other, theirs in texts[:place]
        if other == kind
        for text in mine & theirs
    }
    assert {case.split(":")[0] for case in checked(starter)["shared names"].cases} == {text for _, text in shared}
    assert ("Disease", "pv") in shared


def test_only_what_is_ranked_or_targeted_must_link_out(toy):
    linked = np.array([kind != "Pharmacologic Class" for kind in toy.kinds])
    assert checked(toy, linked=linked)["identifiers without a page"].level == "pass"
    linked[toy.vocabulary.entity_row[ACHE]] = False
    assert checked(toy, linked=linked)["identifiers without a page"].cases == (f"ACHE ({ACHE})",)
    assert "identifiers without a page" not in checked(toy)


def test_descriptions_of_strangers_and_twice_described_entities_are_told(toy):
    described = [*DESCRIBED, ("Compound::stranger", "stranger"), (ALZHEIMER, "Pick disease"), (DONEPEZIL, "donepezil")]
    found = checked(toy, described=described)
    assert found["descriptions without entity"].cases == ("stranger (Compound::stranger)",)
    assert found["described twice"].cases == (
        f"{DONEPEZIL}: donepezil",
        f"{ALZHEIMER}: Alzheimer's disease and Pick disease",
    )


def test_a_graph_without_descriptions_says_how_to_get_some(toy):
    found = checked(toy)
    assert "lladr describe" in found["descriptions"].advice
    assert "entities without description" not in found


def test_many_cases_are_counted_and_the_first_are_listed():
    lonely = [(f"Gene::{number}", f"g{number}", "Gene", "") for number in range(SHOWN + 5)]
    found = checked(graph_of([*NODES, *lonely], EDGES))["isolated entities"]
    assert (found.count, len(found.cases)) == (SHOWN + 5, SHOWN)


@pytest.mark.parametrize("name", ["<b>", "{0}", "%s"])
def test_hostile_names_stay_as_they_are(name):
    assert checked(graph_of([*NODES, ("Gene::x", name, "Gene", "")], EDGES))["isolated entities"].cases == (f"{name} (Gene::x)",)
