"""The bare pipeline as upper limit: decoding, network, drawing, encoding in one process."""

import os
import time
from collections.abc import Iterator
from statistics import median

import cv2

from benchmarks.speed.figures import Figure
from benchmarks.speed.films import FORMATS, film
from model.analysis import analyse
from model.classifier import Classifier, load_classifier


def measure(rounds: int) -> Iterator[Figure]:
    """Measure films a second by threads and batch size, and the time of a single film."""
    cv2.setNumThreads(1)
    cores = len(os.sched_getaffinity(0))
    ways = [(threads, batch) for threads in sorted({1, cores}) for batch in (8, 16)]
    classifiers = {threads: load_classifier(threads=threads) for threads, _ in ways}
    for kind in FORMATS:
        taken: dict[tuple[int, int], list[tuple[float, float]]] = {way: [] for way in ways}
        alone = []
        for _ in range(rounds):
            for threads, batch in ways:
                taken[threads, batch].append(run(classifiers[threads], kind, batch))
            alone.append(run(classifiers[cores], kind, 1))
        for (threads, batch), times in taken.items():
            wall, cpu = (median(column) / batch for column in zip(*times, strict=True))
            name = f"{kind}, {threads} threads, batch {batch}"
            yield Figure("pipeline", name, 1 / wall, "films/s")
            yield Figure("pipeline", name, cpu * 1000, "CPU ms")
        yield Figure("pipeline", f"{kind}, one film", median(w for w, _ in alone) * 1000, "ms")


def run(classifier: Classifier, kind: str, batch: int) -> tuple[float, float]:
    """Return the wall time and the CPU time of a batch, in seconds."""
    files = [film(kind, number) for number in range(batch)]
    wall, cpu = time.perf_counter(), time.process_time()
    analyse(classifier, files)
    return time.perf_counter() - wall, time.process_time() - cpu
