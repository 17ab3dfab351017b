import math

import pytest
import torch

from model.network import NetworkOutput
from model.training.losses import image_and_map_loss, known_cross_entropy


def loss_of(logit: float, positions: list[float], target: float, coverage: list[float]) -> float:
    frontal = torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0]])
    output = NetworkOutput(
        torch.tensor([logit]), torch.tensor([[positions]]), frontal, anatomy=torch.zeros(1, 3, 1, 2)
    )
    return image_and_map_loss(
        output,
        torch.tensor([target]),
        torch.tensor([[coverage]]),
        positive_weights=torch.ones(1),
        box_weight=3.0,
        map_weight=1.0,
    ).item()


def test_loss_of_an_undecided_network_is_worked_out_by_hand() -> None:
    """The image costs ln 2; the box's position counts three times, the other once, over two."""
    assert loss_of(0.0, [0.0, 0.0], 1.0, [1.0, 0.0]) == pytest.approx(math.log(2) * (1 + 4 / 2))


def test_a_film_without_boxes_has_no_say_about_positions() -> None:
    nan = float("nan")

    assert loss_of(0.0, [5.0, -5.0], 1.0, [nan, nan]) == pytest.approx(math.log(2))


def test_a_right_map_costs_less_than_a_swapped_one() -> None:
    assert loss_of(3.0, [5.0, -5.0], 1.0, [1.0, 0.0]) < loss_of(3.0, [-5.0, 5.0], 1.0, [1.0, 0.0])


def test_a_film_of_which_nobody_knows_has_no_say() -> None:
    nan = float("nan")

    assert loss_of(3.0, [0.0, 0.0], nan, [nan, nan]) == 0.0


def test_only_known_values_cost_anything() -> None:
    nan = float("nan")
    logits = torch.tensor([[0.0, 4.0], [-4.0, 0.0]])

    assert known_cross_entropy(logits, torch.tensor([[1.0, nan], [nan, 0.5]])).item() == (
        pytest.approx(math.log(2))
    )
    assert known_cross_entropy(logits, torch.full((2, 2), nan)).item() == 0.0
