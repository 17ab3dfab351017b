from model.boxes import Box
from model.preparation.pixel_boxes import PixelBox, to_fractions


def test_a_box_is_in_fractions_of_each_side() -> None:
    boxes = to_fractions([PixelBox(256, 128, 512, 64)], width=1024, height=512)

    assert boxes == (Box(0.25, 0.25, 0.5, 0.125),)


def test_a_box_ends_where_the_film_ends() -> None:
    boxes = to_fractions([PixelBox(-10, 768, 522, 999)], width=1024, height=1024)

    assert boxes == (Box(0.0, 0.75, 0.5, 0.25),)


def test_a_box_beside_the_film_belongs_to_another() -> None:
    assert to_fractions([PixelBox(600, 10, 50, 50)], width=512, height=512) is None


def test_no_box_is_no_box() -> None:
    assert to_fractions([], width=512, height=512) == ()
