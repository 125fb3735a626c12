"""Combine LLaDR with what simple methods know into one calibrated ranking whose parts can be shown."""

from core.fusion.combination import Fusion, FusionScorer, fit_fusion
from core.fusion.ensemble import EnsembleScorer, standardised

__all__ = ["EnsembleScorer", "Fusion", "FusionScorer", "fit_fusion", "standardised"]
