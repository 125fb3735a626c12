"""A training has the same bits whether its loops were compiled just now or come from numba's cache."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
TRAIN = """
import hashlib, torch
torch.set_num_threads(1)
from tests.core.kge.tables import random_text, run_settings, trained
from tests.toy import toy_graph

for interaction in ("transe", "distmult", "rotate"):
    settings = run_settings(text={"mode": "full"}, model={"interaction": interaction}, epochs=3)
    model = trained(toy_graph(), settings, random_text(toy_graph(), 8))
    print(hashlib.sha256(model.entities.numpy().tobytes() + model.relations.numpy().tobytes()).hexdigest())
"""


def bits(cache):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", TRAIN]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout  # noqa: S603


def test_a_cold_and_a_warm_start_have_the_same_bits(tmp_path):
    cold, warm = bits(tmp_path), bits(tmp_path)
    assert any(tmp_path.rglob("*.nbi"))
    assert len(cold.split()) == 3
    assert warm == cold
