"""LLaDR without a screen: graph, text, training, ranking, explanation."""
