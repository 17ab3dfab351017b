"""Films made of two: a rectangle of one film in the same place of another."""

import torch
from torch import Tensor

#: An opacity of which this part is seen is one for certain; with less of it, the less certain.
_SEEN_FOR_CERTAIN = 0.5


def cut_mix(
    film: Tensor, mask: Tensor, target: float, *, other: tuple[Tensor, Tensor, float]
) -> tuple[Tensor, Tensor, float]:
    """Put a rectangle of another film over a film.

    After Yun et al. 2019 (https://arxiv.org/abs/1905.04899): the rectangle covers a uniformly
    drawn part of the film and may reach over its edge. Unlike there, both films show it in the
    same place, so that lungs stay where lungs are, and the target goes by how much of each opacity
    is seen and not by the rectangle's size: a small opacity is one as well.

    Calls draw from torch's global generator, which the data set seeds for each film.

    Args:
        film: Shape (1, S, S), in [0, 1].
        mask: Shape (K, S, S), in its first channel how surely an opacity is there, in [0, 1]; NaN
            where nobody drew any.
        target: In [0, 1].
        other: The same of the film that the rectangle is taken from.

    Returns:
        Film, mask and target, in the same shapes and ranges.
    """
    inside = _rectangle(film.shape[-1])
    other_film, other_mask, other_target = other
    seen = max(target * _seen(mask, ~inside), other_target * _seen(other_mask, inside))
    return torch.where(inside, other_film, film), torch.where(inside, other_mask, mask), seen


def _rectangle(size: int) -> Tensor:
    """Shape (S, S), True inside."""
    area, x, y = torch.rand(3).tolist()
    half = area**0.5 * size / 2
    positions = torch.arange(size)
    columns = (positions - x * size).abs() < half
    rows = (positions - y * size).abs() < half
    inside: Tensor = rows[:, None] & columns[None, :]
    return inside


def _seen(mask: Tensor, where: Tensor) -> float:
    """Return the certainty of an opacity of which only `where` is visible, in [0, 1]."""
    opacity = mask[:1]
    if opacity.isnan().any() or not opacity.any():
        opacity = torch.ones_like(opacity)  # it may be anywhere
    part = float(opacity[:, where].sum() / opacity.sum())
    return min(part / _SEEN_FOR_CERTAIN, 1.0)
