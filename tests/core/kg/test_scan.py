"""All that is wrong with two tables, line by line."""

import gzip

import pytest

from core.errors import GraphFormatError
from core.kg.loaders import load_graph
from core.kg.scan import MOST, Problem, scan_tables
from tests.toy import ALZHEIMER, EDGES, NODES


@pytest.fixture
def scanned(toy_folder):
    """Scan the toy folder after lines were added to its tables."""

    def scan(nodes: bytes = b"", edges: bytes = b""):
        for file, lines in (("nodes.tsv", nodes), ("edges.tsv", edges)):
            path = toy_folder / file
            path.write_bytes(path.read_bytes() + lines)
        return scan_tables(toy_folder / "nodes.tsv", toy_folder / "edges.tsv")

    return scan


def places(scan):
    return [(problem.file, problem.line, problem.refused) for problem in scan.problems]


LAST_NODE, LAST_EDGE = len(NODES) + 1, len(EDGES) + 1  #: their lines in the files


def test_a_sound_graph_has_no_problem(scanned):
    scan = scanned()
    assert (scan.problems, scan.refused, scan.left_out) == ([], False, 0)
    assert scan.kinds == {node[2] for node in NODES}
    assert scan.relations == {edge[1] for edge in EDGES}


def test_every_bad_line_of_both_tables_is_named(scanned):
    scan = scanned(
        nodes=b"Gene::ACHE\tagain\tGene\t\nno tabs\n",
        edges=b"Gene::X\ttreats\tGene::Y\t\t\n\na\tb\nGene::ACHE\ttreats\tGene::ACHE\t\t\n"
        + "\t".join(EDGES[0]).encode()
        + b"\n",
    )
    assert places(scan) == [
        ("nodes.tsv", LAST_NODE + 1, True),
        ("nodes.tsv", LAST_NODE + 2, True),
        ("edges.tsv", LAST_EDGE + 1, True),  # its head
        ("edges.tsv", LAST_EDGE + 1, True),  # its tail
        ("edges.tsv", LAST_EDGE + 3, True),  # the empty line is passed over
        ("edges.tsv", LAST_EDGE + 4, False),  # a self loop
        ("edges.tsv", LAST_EDGE + 5, False),  # a repetition
    ]
    assert "line 2" in scan.problems[-1].found
    assert "'Gene::X'" in scan.problems[2].found


def test_the_first_problem_is_the_one_that_the_loader_stops_at(scanned, toy_folder):
    scan = scanned(edges=b"a\tb\nGene::X\ttreats\tGene::ACHE\t\t\n")
    with pytest.raises(GraphFormatError) as caught:
        load_graph(str(toy_folder))
    assert Problem.of(caught.value) == scan.problems[0]
    assert str(toy_folder) not in scan.problems[0].found


def test_as_many_repetitions_are_found_as_the_loader_drops(scanned, toy_folder):
    lines = b"".join("\t".join(edge).encode() + b"\n" for edge in [*EDGES[:3], EDGES[0]])
    scan = scanned(edges=lines)
    assert scan.counts["edges.tsv", False] == load_graph(str(toy_folder)).duplicates == 4
    assert not scan.refused


def test_many_problems_are_counted_and_the_first_are_listed(scanned):
    scan = scanned(edges=b"bad line\n" * (MOST + 7))
    assert (len(scan.problems), scan.left_out) == (MOST, 7)


def test_without_readable_nodes_no_edge_is_blamed_for_them(scanned, toy_folder):
    (toy_folder / "nodes.tsv").write_text("")
    assert places(scanned()) == [("nodes.tsv", 1, True)]


@pytest.mark.parametrize("file", ["nodes.tsv", "edges.tsv"])
def test_a_missing_file_and_an_empty_table_are_named(scanned, toy_folder, file):
    (toy_folder / file).write_bytes((toy_folder / file).read_bytes().split(b"\n")[0] + b"\n")
    assert (file, None, True) in places(scanned())
    (toy_folder / file).unlink()
    scan = scan_tables(toy_folder / "nodes.tsv", toy_folder / "edges.tsv")
    assert [problem.found for problem in scan.problems if problem.file == file] == ["the file is missing."]


def test_a_line_that_is_not_utf8_ends_the_scan_of_its_file(scanned):
    scan = scanned(nodes=b"caf\xe9\tx\tGene\t\n", edges=b"bad\n")
    assert places(scan) == [("nodes.tsv", LAST_NODE + 1, True), ("edges.tsv", LAST_EDGE + 1, True)]


def test_packed_edges_are_scanned_and_damage_is_named(toy_folder):
    packed = gzip.compress((toy_folder / "edges.tsv").read_bytes() + f"{ALZHEIMER}\tx\n".encode())
    path = toy_folder / "edges.tsv.gz"
    path.write_bytes(packed)
    assert places(scan_tables(toy_folder / "nodes.tsv", path)) == [("edges.tsv.gz", LAST_EDGE + 1, True)]
    path.write_bytes(packed[:-20])
    scan = scan_tables(toy_folder / "nodes.tsv", path)
    assert scan.refused
    assert "cannot be read" in scan.problems[0].found
