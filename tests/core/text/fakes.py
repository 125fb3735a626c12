"""Encoders that record what they are asked."""

from core.text.embedders import HashingEmbedder


class SpyEmbedder(HashingEmbedder):
    """A hashing encoder that keeps all texts it was asked for, one list a call."""

    def __init__(self, dim: int = 8, *, name: str = "spy") -> None:
        super().__init__(dim)
        self.name = name
        self.calls: list[list[str]] = []

    def encode(self, texts, **options):
        self.calls.append(list(texts))
        return super().encode(texts, **options)

    @property
    def texts(self) -> list[str]:
        return [text for call in self.calls for text in call]


class FixedEmbedder:
    """An encoder that gives the same array whatever it is asked."""

    name = "fixed"

    def __init__(self, vectors) -> None:
        self.vectors = vectors

    def encode(self, texts, **_options):
        return self.vectors
