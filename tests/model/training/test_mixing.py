"""A rectangle of one film in another: pixels, boxes and target go together."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from model.labels import LabelledFilm
from model.training.batches import AugmentedFilms
from model.training.config import TrainingConfig
from model.training.films import FilmSet
from model.training.mixing import cut_mix

SIZE = 32

#: A dark film without opacity, a bright one with an opacity all over, and one that nobody boxed.
DARK = (torch.zeros(1, SIZE, SIZE), torch.zeros(1, SIZE, SIZE), 0.0)
BRIGHT = (torch.ones(1, SIZE, SIZE), torch.ones(1, SIZE, SIZE), 1.0)
UNBOXED = (torch.ones(1, SIZE, SIZE), torch.full((1, SIZE, SIZE), torch.nan), 1.0)


def mixes(
    film: tuple[Tensor, Tensor, float], other: tuple[Tensor, Tensor, float]
) -> list[tuple[Tensor, Tensor, float]]:
    torch.manual_seed(1)
    return [cut_mix(*film, other=other) for _ in range(50)]


def test_the_boxes_move_with_their_pixels() -> None:
    for film, mask, _ in mixes(DARK, BRIGHT):
        assert torch.equal(film, mask)


def test_the_rectangle_is_of_many_sizes() -> None:
    parts = [float(film.mean()) for film, _, _ in mixes(DARK, BRIGHT)]

    assert min(parts) < 0.1
    assert max(parts) > 0.6


@pytest.mark.parametrize(("film", "other"), [(DARK, BRIGHT), (DARK, UNBOXED), (BRIGHT, DARK)])
def test_half_of_an_opacity_is_one_for_certain_and_less_is_one_by_its_part(
    film: tuple[Tensor, Tensor, float], other: tuple[Tensor, Tensor, float]
) -> None:
    """Without boxes the opacity may be anywhere, so that the part of the film counts."""
    for mixed, _, target in mixes(film, other):
        assert target == pytest.approx(min(2 * float(mixed.mean()), 1.0))


def test_an_opacity_that_is_left_whole_stays_one() -> None:
    """The rectangle comes from a film without boxes and covers none."""
    mask = torch.zeros(1, SIZE, SIZE)
    mask[:, 0, 0] = 1.0
    mixed = mixes((torch.zeros(1, SIZE, SIZE), mask, 1.0), DARK)

    assert {target for _, kept, target in mixed if kept.any()} == {1.0}
    assert {target for _, kept, target in mixed if not kept.any()} == {0.0}


def test_two_films_without_opacity_have_none() -> None:
    assert {target for *_, target in mixes(DARK, DARK)} == {0.0}


def test_what_nobody_boxed_stays_unknown_where_it_is_seen() -> None:
    for film, mask, _ in mixes(DARK, UNBOXED):
        assert torch.equal(mask.isnan(), film == 1)


def test_films_are_mixed_with_others_of_their_source_and_alike_in_an_epoch_begun_again() -> None:
    """Dark films of one source, bright ones of another, all with other intensities."""
    intensities = np.array([0, 10, 20, 200, 210, 220], dtype=np.uint8)
    films = FilmSet(
        labels=[
            LabelledFilm(Path("film.png"), 0, str(number), boxes=(), source=source)
            for number, source in enumerate(["dark"] * 3 + ["bright"] * 3)
        ],
        pixels=np.ones((6, SIZE, SIZE), dtype=np.uint8) * intensities[:, None, None],
        digest="",
    )

    def seen(epoch: int) -> list[list[int]]:
        config = TrainingConfig(cut_mix=1.0)
        mixed = AugmentedFilms(films, range(6), config, epoch=epoch)
        mixed._augment = lambda film, mask: (film, mask)  # type: ignore[assignment]  # replaced on purpose
        return [np.unique((mixed[n].films * 255).round().int().numpy()).tolist() for n in range(6)]

    epochs = [seen(epoch) for epoch in range(10)]

    assert seen(0) == epochs[0]
    assert {tuple(found) for epoch in epochs for found in epoch[:3]} == {
        (0,), (10,), (20,), (0, 10), (0, 20), (10, 20),
    }  # fmt: skip
    assert all(intensity >= 200 for epoch in epochs for found in epoch[3:] for intensity in found)
