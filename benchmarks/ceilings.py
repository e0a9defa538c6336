"""What this machine can do at best, and so the least time a training step of the article's VAE can take on it.

    python benchmarks/ceilings.py

Matrix products give the ceiling of arithmetic, an element-wise sum the ceiling of memory traffic, in the cache and out
of it. XLA counts the operations of the compiled step; at the ceiling of arithmetic they take the floor that stands by
the measured step. There is no such floor of traffic: the bytes that XLA counts include those that never leave a
register. The result is printed and written to benchmarks/results/ceilings, one file a processor: medians.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from breakdown import compiled_step
from common import machine, write_processor_results

from vae_core import layers

REPEATS = 30


def median_seconds(work: Callable[[], Any]) -> float:
    """Return the median duration of a piece of work after a warm-up."""
    jax.block_until_ready(work())
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        jax.block_until_ready(work())
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def matrix_product(size: int) -> float:
    """Return GFLOP/s of a float32 product of square matrices."""
    matrix = jnp.ones((size, size), jnp.float32)
    product = jax.jit(jnp.matmul)
    return 2 * size**3 / median_seconds(lambda: product(matrix, matrix)) / 1e9


def traffic(megabytes: float) -> float:
    """Return GB/s of x + 1 over an array of a size, read and written."""
    array = jnp.zeros(int(megabytes * 250_000), jnp.float32)
    add = jax.jit(lambda x: x + 1)
    return 2 * array.nbytes / median_seconds(lambda: add(array)) / 1e9


def main() -> None:
    """Measure, print and write."""
    described = machine()
    report: dict[str, Any] = {
        "gflops": {str(size): round(matrix_product(size), 1) for size in (512, 1024, 2048)},
        "gigabytes_per_second": {"1 MB": round(traffic(1), 1), "64 MB": round(traffic(64), 1)},
    }
    step, (state, images), _ = compiled_step(layers)
    cost = step.cost_analysis()
    cost = cost[0] if isinstance(cost, list) else cost

    def run() -> Any:
        nonlocal state
        logs, state = step(state, images)
        return logs

    seconds = median_seconds(run)
    report["step"] = {
        "gflop": round(cost["flops"] / 1e9, 3),
        "milliseconds": round(1e3 * seconds, 2),
        "arithmetic_floor_ms": round(1e3 * cost["flops"] / 1e9 / max(report["gflops"].values()), 2),
    }
    print(report)
    write_processor_results("ceilings", {"machine": described, **report})


if __name__ == "__main__":
    main()
