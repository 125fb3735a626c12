import gzip
from collections import Counter

import numpy as np
import pytest

from core.errors import ConfigError, GraphFormatError
from core.kg.loaders import load_graph
from core.kg.sources import ASSETS
from tests.toy import EDGES, NODES, toy_graph, write_table

NODE_HEADER = ["id", "name", "kind", "synonyms"]
EDGE_HEADER = ["head", "relation", "tail"]


@pytest.fixture
def refused(toy_folder):
    """Load the toy folder after one file was changed; return the error."""

    def load(file: str, change) -> GraphFormatError:
        path = toy_folder / file
        path.write_bytes(change(path.read_bytes()))
        with pytest.raises(GraphFormatError) as caught:
            load_graph(str(toy_folder))
        assert caught.value.path == path
        assert str(path) in caught.value.message
        return caught.value

    return load


def assert_is_toy(graph):
    toy = toy_graph()
    assert graph.vocabulary == toy.vocabulary
    assert (graph.names, graph.kinds, graph.source) == (toy.names, toy.kinds, toy.source)
    np.testing.assert_array_equal(graph.triples, toy.triples)


def test_a_folder_in_the_starters_form_gives_the_toy_graph(toy_folder):
    graph = load_graph(str(toy_folder))
    assert_is_toy(graph)
    assert graph.synonyms == toy_graph().synonyms
    assert graph.detail == tuple(edge[3] for edge in EDGES)
    assert graph.provenance == tuple(edge[4] for edge in EDGES)
    assert (graph.folder, graph.duplicates) == (toy_folder, 0)


def test_gzipped_edges_without_synonyms_and_detail_are_hetionets_form(tmp_path):
    write_table(tmp_path / "nodes.tsv", NODE_HEADER[:3], [node[:3] for node in NODES])
    text = "".join("\t".join(cells) + "\n" for cells in [EDGE_HEADER, *(edge[:3] for edge in EDGES)])
    (tmp_path / "edges.tsv.gz").write_bytes(gzip.compress(text.encode()))
    graph = load_graph(str(tmp_path))
    assert_is_toy(graph)
    assert set(graph.synonyms) == {()}
    assert set(graph.detail) == set(graph.provenance) == {""}


def test_a_pair_of_files_gives_the_toy_graph(toy_folder):
    graph = load_graph(f"{toy_folder / 'nodes.tsv'}, {toy_folder / 'edges.tsv'}")
    assert_is_toy(graph)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(toy_folder):
    for file in ("nodes.tsv", "edges.tsv"):
        path = toy_folder / file
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    graph = load_graph(str(toy_folder))
    assert_is_toy(graph)
    assert graph.provenance == tuple(edge[4] for edge in EDGES)


def test_columns_are_found_by_name(tmp_path):
    write_table(tmp_path / "nodes.tsv", NODE_HEADER[::-1], [node[::-1] for node in NODES])
    write_table(tmp_path / "edges.tsv", EDGE_HEADER[::-1], [edge[2::-1] for edge in EDGES])
    assert_is_toy(load_graph(str(tmp_path)))


def test_repeated_edges_are_dropped_and_counted(toy_folder):
    write_table(toy_folder / "edges.tsv", EDGE_HEADER, [edge[:3] for edge in [*EDGES, EDGES[0], EDGES[5], EDGES[0]]])
    graph = load_graph(str(toy_folder))
    assert graph.duplicates == 3
    assert_is_toy(graph)


def test_of_repeated_edges_the_first_one_stays_with_its_texts(tmp_path):
    """Against a dictionary, on a table with many repetitions."""
    generator = np.random.default_rng(0)
    ids = [node[0] for node in NODES]
    draws = [(ids[h], f"r{r}" if r else "treats", ids[t]) for h, r, t in generator.integers((0, 0, 0), (4, 3, 5), (200, 3))]
    lines = [(*draw, f"detail {number}", f"source {number % 3}") for number, draw in enumerate(draws)]
    write_table(tmp_path / "nodes.tsv", NODE_HEADER, NODES)
    write_table(tmp_path / "edges.tsv", [*EDGE_HEADER, "detail", "source"], lines)
    (tmp_path / "source.toml").write_text('name = "mine"\ntitle = "Mine"\n[roles]\ntreats = ["treats"]\n')
    first = {}
    for line in lines:
        first.setdefault(line[:3], line[3:])
    graph = load_graph(str(tmp_path))
    entities, relations = graph.vocabulary.entities, graph.vocabulary.relations
    assert [(entities[h], relations[r], entities[t]) for h, r, t in graph.triples] == list(first)
    assert list(zip(graph.detail, graph.provenance, strict=True)) == list(first.values())
    assert graph.duplicates == len(lines) - len(first) > 50


def test_the_shipped_starter_has_as_many_rows_as_lines(starter):
    nodes, edges = (
        (ASSETS / "starter" / file).read_text(encoding="utf-8").splitlines()[1:] for file in ("nodes.tsv", "edges.tsv")
    )
    assert starter.n_entities == len(nodes)
    assert len(starter.triples) + starter.duplicates == len(edges)
    relations = Counter(starter.vocabulary.relations[row] for row in starter.triples[:, 1])
    assert relations == Counter(line.split("\t")[1] for line in edges)


def test_the_shipped_starter_is_the_shared_one_byte_for_byte(shared_starter):
    def contents(folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert contents(ASSETS / "starter") == contents(shared_starter)


def test_hetionet_has_its_published_number_of_treatments(hetionet):
    graph = load_graph(str(hetionet))
    assert graph.source.name == "hetionet"
    assert len(graph.pairs("treats")) == 755  # Himmelstein et al. 2017, doi 10.7554/eLife.26726, table 2
    assert len(graph.pairs("palliates")) == 390
    lines = gzip.decompress((hetionet / "edges.tsv.gz").read_bytes()).count(b"\n") - 1
    assert len(graph.triples) + graph.duplicates == lines


@pytest.mark.parametrize("file", ["nodes.tsv", "edges.tsv"])
@pytest.mark.parametrize(
    ("line", "what"), [(b"a\tb", "two columns"), (b"a\t\tb\t\t", "an empty cell"), (b"a\t" * 9, "too many columns")]
)
def test_a_malformed_line_is_named(refused, file, line, what):
    error = refused(file, lambda content: content.replace(b"\n", b"\n\n" + line + b"\n", 1))  # after the header, an empty line
    assert error.line == 3, what
    assert "line 3" in error.message


def test_two_nodes_with_one_id_name_both_lines(refused):
    error = refused("nodes.tsv", lambda content: content + content.splitlines(keepends=True)[1])
    assert error.line == len(NODES) + 2
    assert NODES[0][0] in error.found
    assert "line 2 already" in error.found


@pytest.mark.parametrize(
    ("line", "end"), [(b"Gene::X\ttreats\tGene::ACHE\t\t", "head"), (b"Gene::ACHE\ttreats\tGene::X\t\t", "tail")]
)
def test_an_edge_to_an_unknown_node_is_named(refused, line, end):
    error = refused("edges.tsv", lambda content: content + line + b"\n")
    assert error.line == len(EDGES) + 2
    assert f"the {end} 'Gene::X' is no node" in error.found


@pytest.mark.parametrize("file", ["nodes.tsv", "edges.tsv"])
def test_a_header_without_lines_is_an_empty_graph(refused, file):
    error = refused(file, lambda content: content.splitlines(keepends=True)[0])
    assert f"there are no {file[:-4]} below the header" in error.found


@pytest.mark.parametrize("file", ["nodes.tsv", "edges.tsv"])
@pytest.mark.parametrize("content", [b"", b"\n"])
def test_a_wholly_empty_file_has_no_header(refused, file, content):
    error = refused(file, lambda _: content)
    assert error.line == 1
    assert "header" in error.found


@pytest.mark.parametrize(("file", "column"), [("nodes.tsv", "id"), ("edges.tsv", "head")])
def test_a_missing_header_names_the_columns_expected(refused, file, column):
    error = refused(file, lambda content: content.split(b"\n", 1)[1])
    assert error.line == 1
    assert column in error.expected


@pytest.mark.parametrize("file", ["nodes.tsv", "edges.tsv"])
def test_a_line_that_is_not_utf8_is_named(refused, file):
    error = refused(file, lambda content: content + b"caf\xe9\n")
    assert error.line == content_lines(file) + 1
    assert "not UTF-8" in error.found


def content_lines(file):
    return 1 + len(NODES if file == "nodes.tsv" else EDGES)


@pytest.mark.parametrize(
    "damage", [lambda z: z[: len(z) // 2], lambda z: b"no gzip at all", lambda z: z[:30] + b"\0" * 30 + z[60:]]
)
def test_a_damaged_gzip_file_is_refused(toy_folder, damage):
    edges = toy_folder / "edges.tsv"
    (toy_folder / "edges.tsv.gz").write_bytes(damage(gzip.compress(edges.read_bytes())))
    edges.unlink()
    with pytest.raises(GraphFormatError, match="again") as caught:
        load_graph(str(toy_folder))
    assert caught.value.path.name == "edges.tsv.gz"


@pytest.mark.parametrize("file", ["nodes.tsv", "edges.tsv"])
def test_a_missing_file_is_named(toy_folder, file):
    (toy_folder / file).unlink()
    with pytest.raises(GraphFormatError, match="missing") as caught:
        load_graph(str(toy_folder))
    assert caught.value.path == toy_folder / file


def test_a_missing_folder_is_told_with_the_shipped_names(tmp_path):
    with pytest.raises(GraphFormatError, match="starter"):
        load_graph(str(tmp_path / "nowhere"))


def test_an_unknown_treatment_relation_tells_to_declare_it(toy_folder):
    write_table(toy_folder / "edges.tsv", EDGE_HEADER, [edge[:3] for edge in EDGES if edge[1] == "inhibits"])
    with pytest.raises(ConfigError, match=r"source\.toml"):
        load_graph(str(toy_folder))


def test_own_source_wins(toy_folder):
    (toy_folder / "source.toml").write_text('name = "mine"\ntitle = "Mine"\n[roles]\ntreats = ["palliates"]\n')
    graph = load_graph(str(toy_folder))
    assert graph.source.name == "mine"
    assert len(graph.pairs("treats")) == sum(edge[1] == "palliates" for edge in EDGES)


def test_own_source_beside_a_pair_of_files_wins(toy_folder):
    (toy_folder / "source.toml").write_text('name = "mine"\ntitle = "Mine"\n[roles]\ntreats = ["palliates"]\n')
    assert load_graph(f"{toy_folder / 'nodes.tsv'},{toy_folder / 'edges.tsv'}").source.name == "mine"


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "=1+1", "../../etc", "'; DROP TABLE vector; --", "β-blocker 💊"]
)
def test_hostile_names_load_unchanged(toy_folder, name):
    nodes = [(name if node is NODES[0] else node[0], name, node[2], name) for node in NODES]
    edges = [tuple(name if cell == NODES[0][0] else cell for cell in edge[:3]) for edge in EDGES]
    write_table(toy_folder / "nodes.tsv", NODE_HEADER, nodes)
    write_table(toy_folder / "edges.tsv", EDGE_HEADER, edges)
    graph = load_graph(str(toy_folder))
    assert graph.vocabulary.entities[0] == graph.names[0] == name
    assert graph.synonyms[0] == (name,)
    assert (graph.triples == toy_graph().triples).all()
