"""Choose rows of a shortlist, and say what was left out."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from core.casestudy.shortlist import CLASS_SEPARATOR

Show = Literal["new", "trials", "known"]
SHOWN: tuple[Show, ...] = ("new", "trials", "known")  #: each shows what the ones before it show, and more


@dataclass(frozen=True)
class Filters:
    """What a reader wants to see."""

    show: Show = "known"  #: new drugs only; those in trials too; known treatments too, as a control
    hide_contraindicated: bool = False
    drug_class: str | None = None
    find: str = ""  #: part of a drug's name, case aside


@dataclass(frozen=True)
class Selection:
    """The rows that pass, in the order of the shortlist."""

    candidates: pd.DataFrame
    contraindicated: pd.DataFrame  #: drugs that a fact or a text forbids and that are no known treatment, apart from the others
    hidden_known: int  #: drugs that treat or palliate and are not shown
    hidden_trials: int  #: drugs in trials that are not shown
    hidden_contraindicated: int


def select(table: pd.DataFrame, filters: Filters) -> Selection:
    """Apply filters to a shortlist; a drug that the filters hide is counted, never silently dropped.

    :param table: a shortlist, with or without the columns of :func:`core.pipeline.outlook.with_outlook`
    """
    known = table["treats"] | table["palliates"]
    trials = table["investigated"] & ~known
    apart = table["status"] == "contraindicated"
    forbidden = table["contraindicated"]
    if "barred" in table:
        apart, forbidden = apart | (table["barred"] & ~known), forbidden | table["barred"]
    passes = _named(table, filters)
    if filters.show != "known":
        passes &= ~known
    if filters.show == "new":
        passes &= ~trials | apart
    if filters.hide_contraindicated:
        passes &= ~forbidden
    return Selection(
        candidates=table[passes & ~apart].reset_index(drop=True),
        contraindicated=table[passes & apart].reset_index(drop=True),
        hidden_known=int((known & ~passes).sum()),
        hidden_trials=int((trials & ~passes).sum()),
        hidden_contraindicated=int((forbidden & ~passes).sum()),
    )


def _named(table: pd.DataFrame, filters: Filters) -> pd.Series:
    passes = table["name"].str.contains(filters.find.strip(), case=False, regex=False)
    if filters.drug_class:
        passes &= table["class"].str.split(CLASS_SEPARATOR).map(lambda classes: filters.drug_class in classes)
    return passes


def classes_of(table: pd.DataFrame) -> list[str]:
    """Return the pharmacologic classes that occur in a shortlist, sorted."""
    return sorted({label for cell in table["class"] for label in cell.split(CLASS_SEPARATOR) if label}, key=str.casefold)
