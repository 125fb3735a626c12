"""The drawn schema: every kind once, every pair of kinds joined once, nothing on top of each other."""

from collections import Counter
from dataclasses import replace
from itertools import combinations
from math import dist

import pytest

from core.kg.census import count_kinds, count_relations
from dashboard.charts.data import bundled, kind_places, schema_figure
from dashboard.theme import INK
from tests.toy import EDGES, NODES, graph_of


def drawn(graph):
    return schema_figure(count_kinds(graph), count_relations(graph), ink=INK["light"])


def test_every_kind_is_a_node_with_its_number(toy):
    named = {trace.name: trace for trace in drawn(toy).data if trace.name}
    assert set(named) == set(toy.kinds)
    assert "<b>drug</b><br>6" in named["Compound"].text[0]
    assert "drug class" in " ".join(named["Pharmacologic Class"].text[0].replace("<br>", " ").split())


def test_each_two_kinds_are_joined_once_with_all_their_facts(toy):
    kind = {node[0]: node[2] for node in NODES}
    facts = Counter(tuple(sorted((kind[head], kind[tail]))) for head, _, tail, *_ in EDGES)
    joined = {pair: number for pair, number in facts.items() if pair[0] != pair[1]}
    figure = drawn(toy)
    assert sum(trace.mode == "lines" for trace in figure.data) == len(joined)
    labels = next(trace for trace in figure.data if trace.hovertext and len(trace.hovertext) == len(joined) and not trace.name)
    assert sorted(map(int, labels.text)) == sorted(joined.values())
    hover = " ".join(labels.hovertext)
    assert "drug treats disease: 4" in hover
    assert "drug is contraindicated in disease: 1" in hover


def test_facts_within_a_kind_stand_at_the_kind(toy):
    genes = next(trace for trace in drawn(toy).data if trace.name == "Gene")
    assert genes.text[0].endswith("↻ 2")
    assert "gene interacts with gene: 2" in genes.hovertext[0]


@pytest.mark.parametrize("name", ["starter", "toy"])
def test_no_two_kinds_stand_at_one_spot_and_all_within_the_picture(name, request):
    graph = request.getfixturevalue(name)
    kinds = tuple(each.kind for each in count_kinds(graph))
    places = kind_places(kinds, tuple(bundled(count_relations(graph))))
    assert set(places) == set(graph.kinds)
    assert all(dist(one, other) > 0.2 for one, other in combinations(places.values(), 2))
    assert all(abs(x) <= 1.001 and abs(y) <= 1.001 for x, y in places.values())


def test_what_is_joined_stands_nearer_than_in_the_order_of_the_kinds(starter):
    """Against the same rings, in the order in which they came."""
    kinds, pairs = tuple(each.kind for each in count_kinds(starter)), tuple(bundled(count_relations(starter)))
    best = kind_places(kinds, pairs)
    lines = [pair for pair in pairs if pair[0] != pair[1]]
    turned = dict(zip(kinds, [best[kind] for kind in (*kinds[1:], kinds[0])], strict=True))

    def length(places):
        return sum(dist(places[start], places[end]) for start, end in lines)

    assert length(best) < length(turned)


@pytest.mark.parametrize("kinds", [1, 2])
def test_a_graph_of_one_or_two_kinds_is_drawn(toy, kinds):
    small = replace(toy, kinds=tuple("Gene" if kinds == 1 or kind == "Gene" else "Compound" for kind in toy.kinds))
    assert {trace.name for trace in drawn(small).data if trace.name} == set(small.kinds)


def test_a_hostile_kind_or_relation_is_escaped():
    hostile = "<img src=x>"
    graph = graph_of([*NODES, ("Thing::x", "x", hostile, "")], [*EDGES, ("Thing::x", "<script>", NODES[0][0], "", "")])
    shown = [text for trace in drawn(graph).data for texts in (trace.text, trace.hovertext) for text in texts or ()]
    assert any("&lt;img" in text for text in shown)
    assert any("&lt;script" in text for text in shown)
    assert not any("<img" in text or "<script" in text for text in shown)
