"""Rank honestly: ties, filters, metrics, protocols with names."""
