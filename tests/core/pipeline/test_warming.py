import numpy as np

from core.explain import kernels
from core.explain.metapaths import MetapathFinder
from core.pipeline.warming import compile_kernels
from tests.toy import ALZHEIMER, DONEPEZIL, row_of


def test_what_a_page_asks_next_is_compiled_already(toy):
    compile_kernels(toy)
    before = [len(kernel.signatures) for kernel in (kernels.walk, kernels.walk_each)]
    assert min(before) > 0
    metapaths = MetapathFinder(toy)
    drug, disease = row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER)
    assert metapaths.groups(drug, disease)
    assert metapaths.finder.best(drug, disease)
    search = metapaths.finder.search
    search.dwpc_in(np.stack([search.typed.ends] * 2), drug, disease)
    assert [len(kernel.signatures) for kernel in (kernels.walk, kernels.walk_each)] == before
