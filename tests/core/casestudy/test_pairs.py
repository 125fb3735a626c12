import csv
import re
import time

import numpy as np
import pytest

from core.casestudy.pairs import Pairs, ScoredPairs, read_pairs, score_pairs, write_scored_pairs
from core.errors import GraphFormatError, WorkspaceError
from tests.core.casestudy.scorers import FixedScorer, RandomScorer
from tests.toy import ALZHEIMER, ASPIRIN, DIABETES, DONEPEZIL, MEMANTINE, METFORMIN, PARKINSON, row_of


@pytest.fixture
def table(tmp_path):
    def write(*lines, header="compound\tdisease"):
        path = tmp_path / "pairs.tsv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


def slow_ranks(graph, scorer, pairs):
    """Compare each asked drug with every drug that is not known for its disease, one by one."""
    treats, palliates = (graph.vocabulary.relation_row[name] for name in ("treats", "palliates"))
    known = {(h, t) for h, r, t in graph.triples.tolist() if r in (treats, palliates)}
    for drug, disease in pairs.tolist():
        own = scorer.score(drug, disease)
        others = [scorer.score(d, disease) for d in graph.drugs.tolist() if d != drug and (d, disease) not in known]
        rank = 1 + sum(other > own for other in others) + sum(other == own for other in others) / 2
        beaten = sum(other < own for other in others) + sum(other == own for other in others) / 2
        yield own, rank, 100 * beaten / len(others)


@pytest.mark.parametrize("levels", [None, 3])
def test_every_pair_of_the_toy_graph_is_ranked_as_the_slow_loop_ranks_it(toy, levels):
    pairs = np.array([(drug, disease) for disease in toy.diseases for drug in toy.drugs])[::-1]
    scorer = RandomScorer(levels=levels)
    found = score_pairs(toy, scorer, pairs)
    expected = np.array(list(slow_ranks(toy, scorer, pairs)))
    np.testing.assert_allclose(np.stack([found.score, found.rank, found.percentile], axis=1), expected)


def test_random_pairs_of_the_starter_are_ranked_as_the_slow_loop_ranks_them(starter):
    generator = np.random.default_rng(0)
    pairs = np.stack([generator.choice(starter.drugs, 20), generator.choice(starter.diseases, 20)], axis=1)
    pairs[:10] = starter.known[generator.choice(len(starter.known), 10, replace=False)]
    scorer = RandomScorer(levels=50)
    found = score_pairs(starter, scorer, pairs)
    expected = np.array(list(slow_ranks(starter, scorer, pairs)))
    np.testing.assert_allclose(np.stack([found.score, found.rank, found.percentile], axis=1), expected)


def test_known_drugs_do_not_compete_but_may_be_asked_for(toy):
    """For Alzheimer's disease donepezil, memantine and haloperidol are known; only metformin, levodopa, aspirin compete."""
    scorer = FixedScorer([9, 8, 3, 2, 7, 1])
    pairs = np.array([(row_of(toy, drug), row_of(toy, ALZHEIMER)) for drug in (DONEPEZIL, MEMANTINE, METFORMIN, ASPIRIN)])
    found = score_pairs(toy, scorer, pairs)
    assert found.rank.tolist() == [1, 1, 1, 3]
    assert found.percentile.tolist() == [100, 100, 100, 0]


def test_repeated_pairs_are_each_answered_in_their_place(toy):
    pair = [row_of(toy, DONEPEZIL), row_of(toy, PARKINSON)]
    other = [row_of(toy, ASPIRIN), row_of(toy, DIABETES)]
    found = score_pairs(toy, RandomScorer(), np.array([pair, other, pair]))
    for values in (found.score, found.rank, found.percentile):
        assert values[0] == values[2]
    assert found.score[0] != found.score[1]


def test_fifty_thousand_pairs_take_seconds(starter):
    generator = np.random.default_rng(0)
    pairs = np.stack([generator.choice(starter.drugs, 50_000), np.resize(starter.diseases[:50], 50_000)], axis=1)
    began = time.perf_counter()
    score_pairs(starter, RandomScorer(), pairs)
    assert time.perf_counter() - began < 5


def test_pairs_are_read_by_name_synonym_or_identifier(toy, table):
    path = table("donepezil\tAlzheimer's disease", "ASA\tPD", f"{METFORMIN}\t{DIABETES}", "DONEPEZIL\tt2dm")
    pairs = read_pairs(path, toy)
    names = [tuple(toy.vocabulary.entities[row] for row in pair) for pair in pairs.rows]
    assert names == [(DONEPEZIL, ALZHEIMER), (ASPIRIN, PARKINSON), (METFORMIN, DIABETES), (DONEPEZIL, DIABETES)]
    assert pairs.cells[1] == ("ASA", "PD")  # as it was written
    assert pairs.skipped == 0


def test_other_columns_are_passed_over(toy, table):
    path = table("1\tPD\tx\tlevodopa", header="number\tdisease\tnote\tcompound")
    assert read_pairs(path, toy).cells == [("levodopa", "PD")]


@pytest.mark.parametrize(
    ("lines", "header", "words"),
    [
        (["donepezil\tPD"], "drug\tdisease", r"pairs\.tsv, line 1.*compound, disease"),
        (["donepezil,PD"], "compound,disease", r"pairs\.tsv, line 1.*compound, disease"),
        (["donepezil\tPD", "donepezil"], "compound\tdisease", r"pairs\.tsv, line 3.*1 column"),
        (["donepezil\tPD", "", "donepezil\tPD\tx"], "compound\tdisease", r"pairs\.tsv, line 4.*3 column"),
        (["\tPD"], "compound\tdisease", r"pairs\.tsv, line 2"),
        (["donepezil\tPD", "donepesil\tPD"], "compound\tdisease", r"line 3: No drug is called 'donepesil'.*donepezil"),
        (["donepezil\tparkinsons"], "compound\tdisease", r"line 2: No disease is called 'parkinsons'.*Parkinson's disease"),
        (["donepezil\tdementia"], "compound\tdisease", r"line 2: 'dementia' may be more than one disease.*prion disease"),
        (["PD\tdonepezil"], "compound\tdisease", r"line 2: No drug is called 'PD'"),
        ([], "compound\tdisease", r"no pair can be scored \(0 left out\)"),
    ],
)
def test_a_malformed_table_names_file_line_and_what_would_be_right(toy, table, lines, header, words):
    with pytest.raises(GraphFormatError) as caught:
        read_pairs(table(*lines, header=header), toy)
    assert re.search(words, caught.value.message.replace("\n", " "))
    assert "pairs.tsv" in str(caught.value)


def test_a_missing_table_is_named(toy, tmp_path):
    with pytest.raises(GraphFormatError, match=r"nowhere\.tsv"):
        read_pairs(tmp_path / "nowhere.tsv", toy)


def test_unknown_pairs_are_left_out_and_counted_where_that_is_wanted(toy, table):
    path = table("donepezil\tPD", "kryptonite\tPD", "donepezil\tdementia", "kryptonite\tfoo", "aspirin\tAD")
    pairs = read_pairs(path, toy, skip_unknown=True)
    assert pairs.cells == [("donepezil", "PD"), ("aspirin", "AD")]
    assert (len(pairs.rows), pairs.skipped) == (2, 3)


def test_where_nothing_is_left_that_is_an_error(toy, table):
    with pytest.raises(GraphFormatError, match=r"no pair can be scored \(2 left out\)"):
        read_pairs(table("kryptonite\tPD", "donepezil\tfoo"), toy, skip_unknown=True)


def test_a_malformed_line_is_an_error_even_when_unknown_pairs_are_skipped(toy, table):
    with pytest.raises(GraphFormatError, match="line 3"):
        read_pairs(table("donepezil\tPD", "donepezil"), toy, skip_unknown=True)


@pytest.fixture
def two_pairs():
    pairs = Pairs([("donepezil", "PD"), ("=1+1", "AD β")], np.array([[0, 7], [1, 6]]), 0)
    return pairs, ScoredPairs(np.array([0.123456789, -2.0]), np.array([99.95, 0]), np.array([1.5, 1000]))


def test_the_written_table_has_the_same_pairs_and_the_numbers(tmp_path, two_pairs):
    write_scored_pairs(tmp_path / "new" / "out.tsv", *two_pairs)
    with (tmp_path / "new" / "out.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [(row["compound"], row["disease"]) for row in rows] == two_pairs[0].cells
    assert [[float(row[key]) for key in ("score", "percentile", "rank")] for row in rows] == [
        [pytest.approx(0.123457), 99.95, 1.5],
        [-2.0, 0, 1000],
    ]


def test_a_full_disk_leaves_the_old_table(tmp_path, two_pairs, small_files):
    (tmp_path / "out.tsv").write_text("old")
    with small_files(20), pytest.raises(WorkspaceError, match="could not be written"):
        write_scored_pairs(tmp_path / "out.tsv", *two_pairs)
    assert (tmp_path / "out.tsv").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "out.tsv"]
