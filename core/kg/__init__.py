"""Biomedical knowledge graphs: vocabulary, triples, meaning of relations, loaders, search, splits."""
