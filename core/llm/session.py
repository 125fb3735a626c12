"""Open all that it takes to describe the entities of a graph, and close it again."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from core.config import DescribeSettings
from core.kg.graph import KnowledgeGraph
from core.llm.budget import Budget
from core.llm.cache import ReplyCache
from core.llm.client import ChatClient
from core.llm.extraction import Writer
from core.llm.limits import RateLimit
from core.llm.server import Server
from core.llm.store import DescriptionStore
from core.workspace import ExtractionFiles, Workspace


@contextmanager
def opened_writer(
    workspace: Workspace,
    graph: KnowledgeGraph,
    settings: DescribeSettings,
    *,
    server: Server | None,
    budget: Budget | None = None,
    limits: RateLimit | None = None,
    retry_refused: bool = False,
) -> Iterator[Writer]:
    """Give a writer: ``writer.describe(row)`` for one entity, :func:`core.llm.running.extract` for many.

    :param server: None where nothing shall be asked
    :param budget: None for no limit and no price
    """
    with ExitStack() as stack:
        client = ChatClient(server, limits=limits) if server else None
        if client:
            stack.callback(client.close)
        cache, store = ReplyCache(workspace.description_store), DescriptionStore(workspace.description_store)
        stack.callback(store.close)
        stack.callback(cache.close)
        yield Writer(
            graph,
            settings,
            cache=cache,
            store=store,
            client=client,
            budget=budget or Budget(None),
            retry_refused=retry_refused,
        )


def files_of(workspace: Workspace, writer: Writer) -> ExtractionFiles:
    """Return the files of what a writer writes."""
    return workspace.extraction(writer.graph.name, writer.prompt.name, writer.settings.model)


def export(workspace: Workspace, writer: Writer) -> int:
    """Write the current descriptions to the file that training takes; return how many."""
    files = files_of(workspace, writer)
    return writer.store.export(writer.graph, files.export_file, prompt=writer.prompt.name, model=writer.settings.model)
