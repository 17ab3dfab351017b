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
