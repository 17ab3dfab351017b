"""Faults from inside the service's processes, at points that no signal from outside can hit.

Python imports a module of this name at the start of every process that finds it on PYTHONPATH;
the harness puts it there for the service's processes and for nothing else. Nothing of the product
knows of it. It does two things:

- it ends the process at a named point, once, when the harness has put a file of the point's name
  into the folder `FAULTS_DIR` (`gateway.stored`, `worker-0.taken`, …);
- it does to the analysing process what the film's mark says (`tests/faults/films.py`), and notes
  each analysis in `FAULTS_DIR/analysed.jsonl`.
"""

import functools
import hashlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_FOLDER = Path(os.environ.get("FAULTS_DIR", "/nonexistent"))
_PROCESS = os.environ.get("FAULTS_PROCESS", "")
_MARK = re.compile(rb"fault=([a-z-]+):([0-9.]+);id=([0-9a-f]+)")


def _end_if_armed(point: str) -> None:
    try:
        (_FOLDER / f"{_PROCESS}.{point}").unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _fatal_around(owner: Any, name: str, *, before: str = "", after: str = "") -> None:
    """Let a function be the last that its process begins, or the last that it ends."""
    original: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if before:
            _end_if_armed(before)
        answer = original(*args, **kwargs)
        if after:
            _end_if_armed(after)
        return answer

    setattr(owner, name, call)


def _note(phase: str, film: bytes) -> None:
    line = {
        "phase": phase,
        "process": _PROCESS,
        "pid": os.getpid(),
        "at": time.time(),
        "film": hashlib.sha256(film).hexdigest(),
    }
    # One short write to a file opened for appending, so that lines of two processes never mix.
    with (_FOLDER / "analysed.jsonl").open("ab", buffering=0) as log:
        log.write(json.dumps(line).encode() + b"\n")


def _suffer(film: bytes) -> None:
    """Do what the film's mark says."""
    found = _MARK.search(film, 0, 256)
    if found is None:
        return
    mark, seconds, film_id = found[1].decode(), float(found[2]), found[3].decode()
    match mark:
        case "slow" | "endless":
            time.sleep(seconds)
        case "slow-once":
            try:
                (_FOLDER / f"slept-{film_id}").touch(exist_ok=False)
            except FileExistsError:
                return
            time.sleep(seconds)
        case "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exits":
            os._exit(0)
        case "leaves":
            raise SystemExit(1)
        case "takes-all-memory":
            raise MemoryError


def _patch_analysis(module: Any) -> None:
    original = module.analyse_film

    @functools.wraps(original)
    def analyse_film(classifier: Any, content: bytes, **kwargs: Any) -> Any:
        _note("begun", content)
        _suffer(content)
        swaps = b"fault=swaps" in content[:256]
        found = original(classifier, _another(content) if swaps else content, **kwargs)
        _note("done", content)
        return found

    module.analyse_film = analyse_film


def _another(film: bytes) -> bytes:
    """A film that looks otherwise: the middle of this one, enlarged."""
    import cv2  # only in processes that analyse
    import numpy as np

    levels = cv2.imdecode(np.frombuffer(film, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert levels is not None
    rows, columns = levels.shape
    middle = levels[rows // 8 : -rows // 8, columns // 8 : -columns // 8]
    return bytes(cv2.imencode(".jpg", cv2.resize(middle, (columns, rows)))[1])


def _patch_leases(module: Any) -> None:
    _fatal_around(module, "claim", after="claimed")
    _fatal_around(module, "commit", before="committing", after="committed")


#: What is done to a module as soon as it has been imported.
_PATCHES: dict[str, Callable[[Any], None]] = {
    "model.analysis": _patch_analysis,
    "jobs.artifacts.store": lambda module: _fatal_around(
        module.ArtifactStore, "put", before="storing", after="stored"
    ),
    "jobs.queue.intake": lambda module: _fatal_around(
        module, "accept", before="accepting", after="accepted"
    ),
    "jobs.queue.courier": lambda module: _fatal_around(module.WorkQueue, "hint", after="hinted"),
    "jobs.queue.leases": _patch_leases,
    # Called once a message has been taken off Redis's list, and before it is noted as unacked.
    "kombu.transport.redis": lambda module: _fatal_around(module.QoS, "append", before="taken"),
}


class _PatchingFinder(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        patch = _PATCHES.get(fullname)
        if patch is None:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_patch(module: ModuleType) -> None:
            execute(module)
            patch(module)

        spec.loader.exec_module = execute_and_patch  # type: ignore[method-assign]  # patching is its purpose
        return spec


if "FAULTS_DIR" in os.environ:
    sys.meta_path.insert(0, _PatchingFinder())
