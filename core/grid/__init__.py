"""Do many independent pieces of work: here, in several processes, on a Ray cluster; resumable, with one tidy table."""

from core.grid.cluster import RayEngine
from core.grid.engines import ENGINES, LocalEngine, ProcessEngine, engine_named
from core.grid.kept import KeptEngine, content_key, tidy

__all__ = ["ENGINES", "KeptEngine", "LocalEngine", "ProcessEngine", "RayEngine", "content_key", "engine_named", "tidy"]
