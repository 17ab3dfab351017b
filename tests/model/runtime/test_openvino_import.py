import subprocess
import sys

import numpy as np

from model.classifier import Classifier
from tests.conftest import ROOT


def said_by_new_process(program: str) -> list[str]:
    """The words that a program prints."""
    output = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    return output.split()


def test_loading_the_network_runtime_loads_no_usage_reporting() -> None:
    """In a fresh process with a fresh home, where its package would make an identifier."""
    program = (
        "import sys, model.classifier\n"
        "print(any(name.startswith('openvino_telemetry.') for name in sys.modules))\n"
        "print('openvino.tools.ovc.telemetry_stub' in sys.modules)"
    )

    assert said_by_new_process(program) == ["False", "True"]


def test_reading_films_on_the_cpu_loads_no_torch() -> None:
    program = (
        "import sys\n"
        "from worker.workbench import Workbench\n"
        "from model.classifier import load_classifier\n"
        "load_classifier()\n"
        "print('torch' in sys.modules, 'onnx' in sys.modules)"
    )

    assert said_by_new_process(program) == ["False", "False"]


def test_no_thread_is_bound_to_a_core() -> None:
    """Each process would bind its first to the same one, and workers would wait for each other."""
    program = (
        "import os, threading, numpy as np\n"
        "from contextlib import suppress\n"
        "from model.classifier import load_classifier\n"
        "classifier = load_classifier(threads=1)\n"
        "size = classifier.manifest.preprocessing.size\n"
        "films = np.zeros((8, 1, size, size), np.float32)\n"
        "run = threading.Thread(target=classifier.run, args=(films,))\n"
        "run.start()\n"
        "free, bound = os.sched_getaffinity(0), set()\n"
        "while run.is_alive():\n"
        "    for task in map(int, os.listdir('/proc/self/task')):\n"
        "        with suppress(ProcessLookupError):\n"
        "            bound |= {task} if os.sched_getaffinity(task) != free else set()\n"
        "print(len(bound))"
    )

    assert said_by_new_process(program) == ["0"]


def test_what_was_found_in_a_film_stays_when_the_next_is_read(
    shipped_classifier: Classifier,
) -> None:
    size = shipped_classifier.manifest.preprocessing.size
    dark, noise = np.zeros((1, 1, size, size), np.float32), np.random.default_rng(0)

    found = shipped_classifier.run(dark)
    again = shipped_classifier.run(noise.random((1, 1, size, size), np.float32))

    assert not np.array_equal(found.maps, again.maps)
    assert np.array_equal(found.maps, shipped_classifier.run(dark).maps)
