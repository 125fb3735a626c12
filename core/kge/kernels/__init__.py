"""Compare blocks of queries with blocks of candidates: the inner loops of training and ranking.

Every kernel takes queries ``(k, c, d)`` and candidates ``(k, n, d)`` and gives ``(k, c, n)``.
"""

from core.kge.kernels.distance import l1, l2
from core.kge.kernels.dot import dot
from core.kge.kernels.modulus import modulus
from core.kge.kernels.product import complex_product

__all__ = ["complex_product", "dot", "l1", "l2", "modulus"]
