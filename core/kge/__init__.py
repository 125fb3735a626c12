"""Knowledge-graph embeddings with injected text: interactions, kernels, losses, sampling, training, scoring."""
