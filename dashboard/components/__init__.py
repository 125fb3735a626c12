"""The parts of pages: pickers, words, tables, downloads, background work. Each draws what it is given and computes nothing."""

from dashboard.components.context import disease_picker, drug_picker, filter_bar, link_box, run_picker
from dashboard.components.evidence import descriptions, external_links, fact_words, path_list, path_picker
from dashboard.components.live import first_run, job_panel, live, part
from dashboard.components.tables import (
    EVIDENCE_COLUMNS,
    candidate_table,
    chosen_columns,
    column_picker,
    contraindicated_table,
    downloads,
    run_table,
)
from dashboard.components.training import failure, group_words, job_buttons, job_header, model_table, model_words, training_form
from dashboard.components.words import (
    disease_header,
    error_box,
    evaluation_words,
    footer,
    mark_badges,
    plain,
    source_badge,
    trim_margins,
    trust,
    warned,
)

__all__ = [
    "EVIDENCE_COLUMNS",
    "candidate_table",
    "chosen_columns",
    "column_picker",
    "contraindicated_table",
    "descriptions",
    "disease_header",
    "disease_picker",
    "downloads",
    "drug_picker",
    "error_box",
    "evaluation_words",
    "external_links",
    "fact_words",
    "failure",
    "filter_bar",
    "first_run",
    "footer",
    "group_words",
    "job_buttons",
    "job_header",
    "job_panel",
    "link_box",
    "live",
    "mark_badges",
    "model_table",
    "model_words",
    "part",
    "path_list",
    "path_picker",
    "plain",
    "run_picker",
    "run_table",
    "source_badge",
    "training_form",
    "trim_margins",
    "trust",
    "warned",
]
