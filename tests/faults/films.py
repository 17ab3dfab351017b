"""Films that can be told apart, with what the service must say of each.

They are crops and brightnesses of the two films that ship with the tests, kept where their
probabilities lie so far apart that one film's result cannot pass for another's.
"""

import io
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import product
from random import Random
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.analysis import Analysis, analyse
from model.classifier import load_classifier
from tests.conftest import ROOT

_SOURCES = ("projected-chest.png", "projected-opacity.png")
_CROPS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.06)
_GAMMAS = (0.8, 1.0, 1.25)

#: Side of the films; larger ones would only take longer to read.
_SIDE = 384

#: The smallest distance between two films' probabilities, several times what a check allows.
_APART = 6e-4


class Mark(StrEnum):
    """Effect of a film on the process that analyses it; `injected/sitecustomize.py` applies it."""

    NONE = "none"
    SLOW = "slow"  # takes some seconds
    SLOW_ONCE = "slow-once"  # takes some seconds when it is first analysed
    ENDLESS = "endless"  # takes longer than a batch may
    KILLS = "kills"  # SIGKILL, as the kernel's when memory runs out
    CRASHES = "crashes"  # a segmentation fault
    EXITS = "exits"  # ends the process without a word
    LEAVES = "leaves"  # SystemExit, which is no Exception
    TAKES_ALL_MEMORY = "takes-all-memory"  # MemoryError
    SWAPS = "swaps"  # nothing, but its result is that of another film
    UNUSABLE = "unusable"  # nothing: it cannot be read


@dataclass(frozen=True, slots=True)
class Film:
    """A file no other is equal to.

    Attributes:
        content: A JPEG whose comment holds its mark and an id.
        sha256: Of the content.
        looks: Which of the stock's expectations it must meet.
        mark: What it does to who analyses it.
    """

    content: bytes
    sha256: str
    looks: int
    mark: Mark = Mark.NONE

    @property
    def is_harmless(self) -> bool:
        """Return whether it is expected to end with a result."""
        return self.mark in {Mark.NONE, Mark.SLOW, Mark.SLOW_ONCE}


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """The network's answer for a film, from a separate process."""

    jpeg: bytes
    probability: float
    radiograph: bytes
    activation_map: NDArray[np.uint8]


class FilmStock:
    """Films of one seed, and what must be said of them."""

    def __init__(self, seed: int = 0) -> None:
        self.random = Random(seed)
        self.expected = _expectations()

    def film(self, mark: Mark = Mark.NONE, *, seconds: float = 0.0) -> Film:
        """A film that nobody has sent before."""
        looks = self.random.randrange(len(self.expected))
        return self.marked(looks, mark, seconds=seconds)

    def films(self, count: int) -> list[Film]:
        """Films that nobody has sent before."""
        return [self.film() for _ in range(count)]

    def marked(self, looks: int, mark: Mark, *, seconds: float = 0.0) -> Film:
        """The film with certain looks, with a comment that makes it a file of its own."""
        comment = f"fault={mark}:{seconds};id={uuid4().hex}".encode()
        jpeg = self.expected[looks].jpeg
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        content = jpeg[:2] + segment + jpeg[2:]
        return Film(content, sha256(content).hexdigest(), looks, mark)


def unusable(content: bytes) -> Film:
    """A file that is no film, or none that can be read."""
    return Film(content, sha256(content).hexdigest(), looks=0, mark=Mark.UNUSABLE)


def png(levels: NDArray[np.uint8]) -> bytes:
    """A picture of some grey levels."""
    return _encoded(Image.fromarray(levels), "PNG")


def jpeg(levels: NDArray[np.uint8]) -> bytes:
    """A picture of some grey levels, packed with loss."""
    return _encoded(Image.fromarray(levels), "JPEG")


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=90)
    return buffer.getvalue()


def _expectations() -> list[Expectation]:
    classifier = load_classifier(threads=1)
    files = [
        _variant(source, crop, gamma) for source, crop, gamma in product(_SOURCES, _CROPS, _GAMMAS)
    ]
    found: list[Expectation] = []
    for file in files:
        [analysis] = analyse(classifier, [file])
        assert isinstance(analysis, Analysis)
        probability = analysis.result.probability
        if probability is None:
            continue
        if all(abs(probability - other.probability) > _APART for other in found):
            assert analysis.activation_map_png is not None
            activation_map = read_map(analysis.activation_map_png)
            found.append(Expectation(file, probability, analysis.radiograph_jpeg, activation_map))
    assert len(found) > 24, "too few films can be told apart"
    return found


def read_map(png: bytes) -> NDArray[np.uint8]:
    """An activation map as the service sends it, uint8 (H, W)."""
    return np.asarray(Image.open(io.BytesIO(png)))


def _variant(source: str, crop: float, gamma: float) -> bytes:
    with Image.open(ROOT / "tests" / "films" / source) as image:
        film = image.convert("L")
    edge = round(film.width * crop)
    film = film.crop((edge, edge, film.width - edge, film.height - edge)).resize((_SIDE, _SIDE))
    film = film.point([round(255 * (level / 255) ** gamma) for level in range(256)])
    return _encoded(film, "JPEG")
