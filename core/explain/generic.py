"""Tell generic nodes: those that join so many others that a path through them says little. They are named, never dropped."""

import numpy as np

from core.explain.paths import Path
from core.explain.typed import TypedEdges

SHARE, FEWEST = 0.1, 10  #: joined to a tenth of all entities of the neighbour's kind, and to no fewer than ten


def generic_nodes(typed: TypedEdges, path: Path) -> tuple[int, ...]:
    """Return the nodes between the ends of a path that are generic along one of the path's own edges."""
    sizes = np.bincount(typed.kinds, minlength=len(typed.first) - 1)
    steps = zip(path.steps, path.steps[1:], strict=False)
    return tuple(
        one.end
        for one, other in steps
        if _is_generic(typed, sizes, one.end, one.edge) or _is_generic(typed, sizes, other.start, other.edge)
    )


def _is_generic(typed: TypedEdges, sizes: np.ndarray, node: int, edge: int) -> bool:
    for metaedge in range(typed.first[typed.kinds[node]], typed.first[typed.kinds[node] + 1]):
        here = typed.row(node, metaedge)
        if (typed.edges[here] == edge).any():
            return here.stop - here.start >= max(FEWEST, SHARE * sizes[typed.metaedges.end_kind[metaedge]])
    return False
