import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2


class Augmentation:
    """Changes that leave a film's reading as it is: position, exposure, sharpness, noise.

    A mirrored chest has its heart on the wrong side, yet an opacity stays one, and twice the
    films are worth more than the heart's side. Nothing is turned further than a patient leans.

    Calls draw from torch's global generator, which the training loop seeds for each epoch.
    """

    def __init__(self) -> None:
        self._geometry = v2.Compose(
            [
                v2.RandomHorizontalFlip(),
                v2.RandomAffine(
                    degrees=10,
                    translate=(0.06, 0.06),
                    scale=(0.85, 1.2),
                    shear=(-5, 5, -5, 5),
                    interpolation=v2.InterpolationMode.BILINEAR,
                ),
            ]
        )

    def __call__(self, film: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Change a film and the mask of its boxes alike.

        Args:
            film: Shape (1, S, S), float32 in [0, 1].
            mask: Shape (1, S, S), float32, 1 inside boxes.

        Returns:
            Both, in the same shapes and ranges.
        """
        film, mask = self._geometry(tv_tensors.Image(film), tv_tensors.Mask(mask))
        return self._expose(torch.Tensor(film)), torch.Tensor(mask)

    @staticmethod
    def _expose(film: Tensor) -> Tensor:
        draw = torch.rand(6).tolist()
        film = film.clamp(0, 1) ** (0.6 + draw[0])  # gamma 0.6-1.6: kilovoltage, look-up tables
        contrast, brightness = 0.7 + 0.6 * draw[1], 0.3 * (draw[2] - 0.5)
        film = (film - 0.5) * contrast + 0.5 + brightness
        if draw[3] < 0.3:
            film = film + torch.randn_like(film) * (0.04 * draw[4])
        elif draw[3] < 0.5:
            film = v2.functional.gaussian_blur(film, [5, 5], [0.3 + 1.2 * draw[5]] * 2)
        return film.clamp(0, 1)
