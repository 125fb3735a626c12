"""Project embeddings to a picture that can be compared, and measure in the original space what the picture can only hint at."""
