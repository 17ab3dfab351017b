"""CPU time of each step of a film, except for the network."""

from collections.abc import Callable, Iterator
from functools import partial

import cv2

from benchmarks.speed.figures import Figure, cpu_milliseconds
from benchmarks.speed.films import files_by_format
from model.classifier import load_classifier
from model.reading.reader import read_radiograph
from model.rendering import (
    activation_map_image,
    display_image,
    encode_jpeg,
    encode_png,
    heatmap_image,
)


def measure(rounds: int) -> Iterator[Figure]:
    """Measure decoding by format, preprocessing, drawing and encoding."""
    cv2.setNumThreads(1)
    yield from _decoding(rounds)
    yield from _drawing(rounds)


def _decoding(rounds: int) -> Iterator[Figure]:
    ways = {name: partial(read_radiograph, file) for name, file in files_by_format().items()}
    for name, ms in cpu_milliseconds(ways, rounds=rounds).items():
        yield Figure("parts", f"decode {name}", ms, "CPU ms")


def _drawing(rounds: int) -> Iterator[Figure]:
    classifier = load_classifier(threads=1)
    film = read_radiograph(files_by_format()["JPEG"])
    grid = classifier.prepare(film)
    display = display_image(film.pixels)
    [finding] = classifier.infer_prepared([grid])
    coarse = finding.activation_map
    grey, colours = activation_map_image(coarse, display), heatmap_image(coarse, display)
    ways: dict[str, Callable[[], object]] = {
        "preprocess": lambda: classifier.prepare(film),
        "render display image": lambda: display_image(film.pixels),
        "render map": lambda: activation_map_image(coarse, display),
        "render heatmap": lambda: heatmap_image(coarse, display),
        "encode display image": lambda: encode_jpeg(display),
        "encode map": lambda: encode_png(grey),
        "encode heatmap": lambda: encode_jpeg(colours),
    }
    for name, ms in cpu_milliseconds(ways, rounds=rounds).items():
        yield Figure("parts", name, ms, "CPU ms")
