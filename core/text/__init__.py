"""Descriptions and names of entities, and the vectors made of them."""
