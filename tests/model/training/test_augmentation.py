import torch

from model.training.augmentation import Augmentation


def test_film_and_mask_move_together() -> None:
    """A bright square on black and the mask of it still overlap after any change."""
    torch.manual_seed(0)
    film = torch.zeros(1, 64, 64)
    film[:, 10:30, 36:56] = 1.0
    augment = Augmentation()

    for _ in range(20):
        moved, mask = augment(film, film.clone())

        inside, outside = moved[mask > 0.5], moved[mask <= 0.5]
        assert mask.sum() > 100
        assert inside.median() > outside.median()


def test_intensities_stay_in_range() -> None:
    torch.manual_seed(1)
    augment = Augmentation()

    for _ in range(20):
        film, _ = augment(torch.rand(1, 32, 32), torch.zeros(1, 32, 32))

        assert film.min() >= 0
        assert film.max() <= 1
        assert film.dtype == torch.float32


def test_all_masks_move_alike() -> None:
    """Boxes and outlines of organs stay where their pixels go."""
    torch.manual_seed(2)
    mask = torch.zeros(1, 64, 64)
    mask[:, 8:24, 40:60] = 1.0
    augment = Augmentation()

    for _ in range(20):
        _, masks = augment(torch.full((1, 64, 64), 0.5), mask.repeat(4, 1, 1))

        assert masks.shape == (4, 64, 64)
        assert all(torch.equal(masks[0], other) for other in masks[1:])
        assert masks.min() >= 0
        assert masks.max() <= 1


def test_the_same_seed_gives_the_same_film() -> None:
    film, mask = torch.rand(1, 64, 64), torch.zeros(1, 64, 64)
    augment = Augmentation()

    torch.manual_seed(3)
    first, _ = augment(film, mask)
    second, _ = augment(film, mask)
    torch.manual_seed(3)
    again, _ = augment(film, mask)

    assert torch.equal(first, again)
    assert not torch.equal(first, second)
