"""The bodies of POST /v1/rerank, in the form that Jina's and Cohere's clients share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from workbench.openai_dialect.embeddings import InputUsage

Method = Literal["classifier", "cosine"]


class Document(Struct, kw_only=True):
    """A document as an object."""

    text: str


class RerankRequest(Struct, kw_only=True):
    """Documents that are to be put in order by how well they answer the query."""

    model: str
    query: Annotated[str, Meta(min_length=1)]
    documents: Annotated[list[str | Document], Meta(min_length=1, max_length=2048)]
    top_n: Annotated[int, Meta(ge=1)] | None = None
    return_documents: bool | None = None

    def texts(self) -> list[str]:
        return [one if isinstance(one, str) else one.text for one in self.documents]

    def answer(self, scores: Sequence[float], tokens: int, method: Method) -> Ranking:
        texts = self.texts()
        order = sorted(range(len(scores)), key=lambda index: -scores[index])[: self.top_n]
        results = [
            RankedDocument(
                index=index,
                relevance_score=scores[index],
                document=Document(text=texts[index]) if self.return_documents else UNSET,
            )
            for index in order
        ]
        return Ranking(model=self.model, usage=InputUsage(tokens, tokens), results=results, method=method)


class RankedDocument(Struct, kw_only=True):
    """`index` is the document's place in the request."""

    index: int
    relevance_score: float
    document: Document | UnsetType = UNSET


class Ranking(Struct, kw_only=True):
    """The documents, best first.

    `method` is an extension: "classifier" where the scores are those of the model's own head, which know no
    bounds, and "cosine" where they compare the vectors of an embedding model, from -1 to 1.
    """

    object: str = "list"
    model: str
    usage: InputUsage
    results: list[RankedDocument]
    method: Method
