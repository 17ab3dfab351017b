"""What happens to a batch between its films' augmentation and the network."""

import torch

from model.training.batches import Batch, coarsened, mixed


def batch_of(films: int, *, size: int = 8) -> Batch:
    """Films that are each of one grey level, half of them with an opacity that fills them."""
    level = torch.arange(films, dtype=torch.float32) / films
    target = (torch.arange(films) % 2).float()
    grey = level.view(-1, 1, 1, 1).expand(films, 1, size, size).clone()
    cover = target.view(-1, 1, 1, 1).expand(films, 1, size, size).clone()
    return Batch(grey, cover, target, 1 + target)


def test_a_blend_is_of_films_targets_and_boxes_alike() -> None:
    torch.manual_seed(1)
    drawn = batch_of(8)

    blend = mixed(drawn, alpha=1.0)

    assert not torch.equal(blend.targets, drawn.targets)
    assert torch.allclose(blend.masks.mean(dim=(1, 2, 3)), blend.targets)
    assert torch.allclose(blend.positive_weights, 1 + blend.targets)
    assert torch.allclose(blend.films.mean(), drawn.films.mean())
    assert torch.allclose(blend.targets.mean(), drawn.targets.mean())


def test_a_blend_with_a_film_without_boxes_says_nothing_about_positions() -> None:
    torch.manual_seed(1)
    drawn = batch_of(8)
    drawn.masks[0] = torch.nan

    blend = mixed(drawn, alpha=1.0)

    unknown = blend.masks.isnan().flatten(1)
    assert 1 <= int(unknown.all(dim=1).sum()) <= 2
    assert torch.equal(unknown.any(dim=1), unknown.all(dim=1))


def test_without_mixup_a_batch_stays_as_it_is() -> None:
    drawn = batch_of(4)

    assert mixed(drawn, alpha=0) is drawn


def test_coarse_films_are_averages_of_their_pixels() -> None:
    drawn = batch_of(2, size=8)
    drawn.films[0, 0] = torch.arange(8).remainder(2).float()  # columns 0, 1, 0, 1, …

    coarse = coarsened(drawn, 4)

    assert coarse.films.shape == (2, 1, 4, 4)
    assert torch.allclose(coarse.films[0, 0, :, 1:3], torch.tensor(0.5), atol=0.05)
    assert coarse.masks is drawn.masks
