"""Combine LLaDR with what simple methods know into one calibrated ranking whose parts can be shown."""

from core.fusion.combination import FusionScorer, fit_fusion
from core.fusion.ensemble import EnsembleScorer, standardised
from core.fusion.folds import Fold, Held, disease_folds, treatment_folds
from core.fusion.regimes import REGIMES, Fusion, Regime, Weights

__all__ = [
    "REGIMES",
    "EnsembleScorer",
    "Fold",
    "Fusion",
    "FusionScorer",
    "Held",
    "Regime",
    "Weights",
    "disease_folds",
    "fit_fusion",
    "standardised",
    "treatment_folds",
]
