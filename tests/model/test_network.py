import numpy as np
import pytest
import torch
from torch.nn import functional

from model.network import build_network, pool


def test_pooling_lies_between_mean_and_maximum() -> None:
    positions = torch.tensor([[[0.0, 1.0], [2.0, 5.0]]])

    assert pool(positions, 1e-3).item() == pytest.approx(2.0, abs=0.01)
    assert pool(positions, 100.0).item() == pytest.approx(5.0, abs=0.02)
    expected = np.log(np.exp(4 * positions.numpy()).mean()) / 4
    assert pool(positions, 4.0).item() == pytest.approx(expected, abs=1e-5)


def test_pooling_stays_finite_for_large_logits() -> None:
    assert pool(torch.full((1, 2, 2), 1000.0), 4.0).item() == pytest.approx(1000.0)


def test_the_map_is_the_linear_layer_at_each_position() -> None:
    """This makes it a class activation map."""
    network = build_network(pretrained=False).eval()
    film = torch.rand(1, 1, 64, 64)

    with torch.inference_mode():
        output = network(film)
        features = network.backbone(film * 2 - 1)
        by_hand = functional.conv2d(features, network.head.weight, network.head.bias)

    torch.testing.assert_close(output.activation_map, by_hand[:, 0])
    torch.testing.assert_close(output.logit, pool(by_hand[:, 0], network.sharpness))


def test_a_map_position_covers_16_pixels() -> None:
    network = build_network(pretrained=False).eval()

    with torch.inference_mode():
        assert network(torch.rand(2, 1, 128, 128)).activation_map.shape == (2, 8, 8)


def test_packaged_imagenet_weights_see_what_they_were_trained_on() -> None:
    """The packaged tensors are matched by order alone, so their statistics are checked.

    Through rightly placed weights and running statistics, a batch of smooth pictures keeps
    features of ordinary size; swapped layers make them vanish or explode.
    """
    generator = torch.Generator().manual_seed(0)
    pictures = functional.interpolate(
        torch.rand(4, 1, 12, 12, generator=generator), size=(224, 224), mode="bilinear"
    )

    with torch.inference_mode():
        features = build_network(pretrained=True).eval().backbone(pictures * 2 - 1)

    assert 0.05 < features.std().item() < 5
    assert features.min().item() >= 0
    assert features.max().item() <= 6  # the Lite family ends in ReLU6


def test_stages_to_freeze_must_exist() -> None:
    with pytest.raises(ValueError, match="stages"):
        build_network(pretrained=False).first_stages(99)
