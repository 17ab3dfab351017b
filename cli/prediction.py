"""Analysis of files without a service, for `pneumocam predict`."""

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from rich.console import Console
from rich.progress import track

from client.files import files_in
from model.analysis import Analysis, analyse_film
from model.classifier import Classifier, load_classifier
from model.errors import UnreadableImage
from model.runtime.device import Device
from model.side_by_side import side_by_side

#: Films between two updates of the progress bar, per film that is analysed at the same time.
_ROUNDS: Final = 8


def named_files(paths: Iterable[Path]) -> list[Path]:
    """Return the named files, which need not exist, and the files below the named folders."""
    files: list[Path] = []
    for path in paths:
        files += files_in(path) if path.is_dir() else [path]
    return files


def predict_files(
    files: Sequence[Path],
    *,
    output: Path | None,
    maps: Path | None,
    heatmaps: Path | None,
    device: Device = Device.CPU,
    inverted: bool = False,
) -> bool:
    """Analyse files and write one JSON object a line: `file`, then `result` or `error`.

    Args:
        files: Films; one that cannot be read gets an `error`.
        output: JSON lines file; None for standard output.
        maps: Folder for the activation maps, float32 (H, W) in [0, 1], as `<stem>.npy`.
        heatmaps: Folder for the films with the map over them, as `<stem>.jpg`.
        device: Device that runs the network.
        inverted: Exchange black and white of every film before it is read.

    Returns:
        Whether all files could be read.

    Raises:
        DeviceUnavailable: The device does not exist.
        DeviceDisagrees: The device's results differ from the CPU's.
    """
    for folder in (maps, heatmaps):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    classifier = load_classifier(device=device)
    analyse = partial(_analyse, classifier, inverted=inverted)
    at_once = classifier.films_at_once
    size = _ROUNDS * at_once
    stems = _unique_stems(files)
    all_read = True
    batches = [range(i, min(i + size, len(files))) for i in range(0, len(files), size)]
    console = Console(stderr=True)
    with _lines(output) as lines:
        for batch in track(batches, "Analysing", console=console, disable=not console.is_terminal):
            chosen = [files[i] for i in batch]
            outcomes = side_by_side(analyse, chosen, threads=at_once)
            for i, outcome in zip(batch, outcomes, strict=True):
                all_read &= isinstance(outcome, Analysis)
                lines.write(json.dumps({"file": str(files[i]), **_describe(outcome)}) + "\n")
                if isinstance(outcome, Analysis):
                    _save_pictures(outcome, stems[i], maps=maps, heatmaps=heatmaps)
    return all_read


def _analyse(
    classifier: Classifier, file: Path, *, inverted: bool
) -> Analysis | UnreadableImage | OSError:
    try:
        content = file.read_bytes()
    except OSError as exc:
        return exc
    return analyse_film(classifier, content, inverted=inverted)


# Any: JSON values of the result.
def _describe(outcome: Analysis | UnreadableImage | OSError) -> dict[str, Any]:
    if isinstance(outcome, Analysis):
        return {"result": outcome.result.to_dict()}
    if isinstance(outcome, UnreadableImage):
        return {"error": {"code": outcome.code, "detail": outcome.detail}}
    return {"error": {"code": "unreadable_file", "detail": outcome.strerror or "cannot be read"}}


def _save_pictures(
    analysis: Analysis, stem: str, *, maps: Path | None, heatmaps: Path | None
) -> None:
    if maps is not None and (activation_map := analysis.activation_map()) is not None:
        np.save(maps / f"{stem}.npy", activation_map)
    if heatmaps is not None and analysis.heatmap_jpeg is not None:
        (heatmaps / f"{stem}.jpg").write_bytes(analysis.heatmap_jpeg)


def _unique_stems(files: Sequence[Path]) -> list[str]:
    """Return the stem of each file, with a number appended where several files share it."""
    totals = Counter(file.stem for file in files)
    seen: Counter[str] = Counter()
    stems = []
    for file in files:
        seen[file.stem] += 1
        number = seen[file.stem]
        stems.append(file.stem if totals[file.stem] == 1 else f"{file.stem}-{number}")
    return stems


@contextlib.contextmanager
def _lines(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with output.open("w", encoding="utf-8") as file:
        yield file
