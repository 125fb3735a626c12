"""Evidence: why a drug might help in a disease: paths in words and drawn, and what the language model wrote."""

import datetime

import streamlit as st

from core.casestudy.contributions import Contribution, contributions
from core.casestudy.evidence import evidence_record
from core.casestudy.export import rank_records, to_json
from core.explain.direct import direct_facts
from core.explain.paths import Path
from core.kg.graph import KnowledgeGraph
from core.workspace import file_slug
from dashboard import charts, components, jobs, navigation, resources, state, theme
from dashboard.theme import plain

PATHS = 10


def main() -> None:
    """Draw the page."""
    run = resources.chosen_run()
    if run is None:
        components.first_run(lambda: jobs.prepare(resources.workspace()), lambda: jobs.preparation(resources.workspace()))
        return
    graph, disease = run.graph, resources.chosen_disease(run.graph)
    if disease is None:
        st.title("Evidence")
        st.info("Choose a disease in the sidebar, or search one on the start page.", icon=":material/search:")
        st.page_link(navigation.page("start"), label="Search a disease")
        return
    table = resources.shortlist(run.name, disease)
    drug = resources.chosen_drug(graph)
    drug = int(table["row"].iloc[0]) if drug is None else drug
    row = table.set_index("row").loc[drug]
    st.title(theme.question(plain(graph.names[drug]), plain(graph.names[disease]), row["status"]))
    st.markdown(f"**{theme.place(row['rank'], len(table), row.get('base_rank'))}**, {theme.above(row['percentile'], len(table))}")
    components.mark_badges(row["status"], row)
    components.drug_picker(table, graph.vocabulary.entities[drug])
    paths = resources.best_paths(graph, drug, disease, top=PATHS)
    texts = resources.descriptions(graph)
    ranking = {"run": run.name, "text": run.settings.text.mode, "of": len(table)} | rank_records(table[table["row"] == drug])[0]
    record = evidence_record(graph, drug, disease, ranking=ranking, paths=paths, descriptions=texts)
    file_name = file_slug(graph.names[drug], graph.names[disease], run.name, datetime.date.today().isoformat())
    tools(graph, drug, disease, to_json(record), file_name)
    known(graph, drug, disease)
    st.subheader("Paths")
    components.path_list(graph, paths)
    st.caption("Paths say what connects the two, not that it helps: a drug may act on a target in the opposite direction.")
    if paths:
        st.subheader("Picture")
        picture(graph, paths, file_name)
    carried(contributions(run.scorer, drug, disease))
    st.subheader("What the language model wrote" if graph.source.written_by_llm else "Descriptions")
    components.descriptions(graph, (drug, disease), texts)


def tools(graph: KnowledgeGraph, drug: int, disease: int, record: str, file_name: str) -> None:
    """Offer the evidence as JSON, the address, and where to read on."""
    with st.container(horizontal=True):
        st.download_button("JSON", record, f"{file_name}.json", "application/json", on_click="ignore", icon=":material/download:")
        components.link_box()
        components.external_links(graph.names[drug], graph.names[disease])


def known(graph: KnowledgeGraph, drug: int, disease: int) -> None:
    """Say what the graph states of the pair itself."""
    facts = direct_facts(graph, drug, disease)
    if facts:
        st.subheader("What the graph states of the pair itself")
        st.markdown("\n".join(f"- {components.fact_words(item)}" for item in facts))


def carried(items: list[Contribution]) -> None:
    """Show which component of a fusion carried the rank."""
    if items:
        st.subheader("What carried the rank")
        st.plotly_chart(charts.contribution_bars(items), key="carried")
        st.caption("The ranking is a weighted sum of these; the weights were learned from treatments held out of the graph.")


def picture(graph: KnowledgeGraph, paths: list[Path], file_name: str) -> None:
    """Draw the chosen paths."""
    chosen = components.path_picker(paths)
    figure = charts.path_graph(graph, chosen, ink=theme.INK[state.look()])
    with st.container(key="wide"):
        st.plotly_chart(figure, config=charts.figure_config(file_name), key="picture")
    st.caption(
        "Thick lines: facts that an independent database also has. Thin: stated by the graph alone. Dotted: correlations. "
        "Hover for details; the camera button saves the picture as SVG."
    )


main()
