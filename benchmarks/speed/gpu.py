"""Speed of the service with a graphics card, compared with the limits of card and cores."""

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.figures import Figure
from benchmarks.speed.installation import installed
from benchmarks.speed.service import Taken, against, fresh
from model.analysis import analyse
from model.classifier import Classifier, load_classifier
from model.runtime.device import Device
from model.runtime.protocol import Outputs

#: Films in one pass, and in one batch of the worker.
_PASS = 64

_BARE, _LIMIT = "bare pass", "films read and drawn, no network"


class _Instant:
    """A device that takes no time, to measure the limit that decoding sets."""

    merges_calls = True

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def run(self, films: NDArray[np.float32]) -> Outputs:
        return self._outputs.part(0, len(films))


def measure(rounds: int, *, films: int) -> Iterator[Figure]:
    """Measure films a second: the card alone, the cores alone, both together, and the service.

    Without a card, nothing is measured.

    Args:
        rounds: Number of rounds; each measures all variants once.
        films: Number of films in one job.
    """
    card = _card()
    if card is None:
        print("no section gpu: no NVIDIA graphics card, or requirements/gpu.txt is not installed")
        return
    cv2.setNumThreads(1)
    cores = len(os.sched_getaffinity(0))
    on_card = load_classifier(threads=cores, device=Device.CUDA)
    size = on_card.manifest.preprocessing.size
    noise = np.random.default_rng(0).random((_PASS, 1, size, size), dtype=np.float32)
    no_network = Classifier(on_card.manifest, _Instant(on_card.run(noise)), threads=cores)
    settings = {"PNEUMOCAM_DEVICE": "cuda", "PNEUMOCAM_BATCH_SIZE": str(_PASS)}
    bare, limit, together, whole = Taken(), Taken(), Taken(), Taken()
    with installed(**settings) as service:
        # As in docker-compose.yml: two processes, so that the card works while one commits.
        service.add_workers(1, threads=cores)
        service.run(fresh("JPEG", 2 * _PASS))  # warms up
        for _ in range(rounds):
            bare.add(_timed(partial(on_card.run, noise)), _PASS)
            batch = fresh("JPEG", 4 * _PASS)
            limit.add(_timed(partial(analyse, no_network, batch)), len(batch))
            together.add(_timed(partial(analyse, on_card, batch)), len(batch))
            whole.add(service.run(fresh("JPEG", films)), films)
    yield Figure("gpu", f"{_BARE}, {_PASS} films, {card}", 1 / bare.wall_s, "films/s")
    yield Figure("gpu", f"{_LIMIT}, {cores} cores", 1 / limit.wall_s, "films/s")
    yield from against("gpu", "bare pipeline", together, _LIMIT, limit)
    yield from against("gpu", f"service, one job of {films}", whole, _LIMIT, limit)
    yield from against("gpu", f"service, one job of {films}", whole, _BARE, bare)


def _card() -> str | None:
    """Return the card's name; None if there is no usable card."""
    if find_spec("torch") is None:
        return None
    import torch

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else None


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the median wall time of three calls, and the CPU time of one, in seconds."""
    taken = []
    cpu = time.process_time()
    for _ in range(3):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return median(taken), (time.process_time() - cpu) / 3
