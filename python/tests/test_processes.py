"""The tile core and the networks open lazily, once a process, for any number of threads, and again after a fork."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import R50, RELEASED

import dicm
from dicm.latents import tile_core


def decode(file: dicm.File) -> float:
    return float(file.latents().y_hat.sum(dtype=np.float64))


def pool(file: dicm.File) -> float:
    return float(file.features("pooled").sum(dtype=np.float64))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_latents_are_the_same_in_other_processes(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no start method {method} here")
    file = dicm.open(RELEASED[0], model=R50)
    expected = decode(file)
    with multiprocessing.get_context(method).Pool(2) as workers:
        assert workers.map(decode, [file] * 4) == [expected] * 4


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_networks_run_in_other_processes(method: str, models: dict[str, Path], tiny_files: dict[str, Path]) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no start method {method} here")
    file = dicm.open(tiny_files["one"], model=models["tiny"], threads=1)
    expected = pool(file)
    with multiprocessing.get_context(method).Pool(2) as workers:
        assert workers.map(pool, [file] * 4) == pytest.approx([expected] * 4)


def test_errors_of_other_processes_keep_their_codes() -> None:
    file = dicm.open(RELEASED[0], model="no-such-model")
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as workers, pytest.raises(dicm.ModelError) as caught:
        workers.map(decode, [file])
    assert caught.value.code == "model-missing"


def test_threads_decode_side_by_side() -> None:
    file = dicm.open(RELEASED[0], model=R50)
    expected = decode(file)
    found: list[float] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=lambda: found.extend(decode(file) for _ in range(5))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == [expected] * 20


def test_the_module_is_compiled_once_a_process() -> None:
    decode(dicm.open(RELEASED[0], model=R50))
    before = tile_core._compiled
    decode(pickle.loads(pickle.dumps(dicm.open(RELEASED[0], model=R50))))
    assert tile_core._compiled is before is not None


def test_importing_opens_nothing(tmp_path: Path) -> None:
    import subprocess

    code = "import dicm, sys; assert 'onnxruntime' not in sys.modules; from dicm.latents import tile_core as t; "
    code += "assert t._compiled is None; import multiprocessing"
    subprocess.run([sys.executable, "-c", code], check=True)
