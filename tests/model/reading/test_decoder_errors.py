"""Tests of the errors and warnings of decoders."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from model.errors import TruncatedImage, UndecodableImage
from model.reading.decoder_errors import decoder_errors_as_ours


def test_a_decoders_error_becomes_one_of_ours() -> None:
    with pytest.raises(UndecodableImage), decoder_errors_as_ours("The file"):
        raise ValueError("marker 0x17")
    with pytest.raises(TruncatedImage), decoder_errors_as_ours("The file"):
        raise OSError("image file is truncated (3 bytes not processed)")


def test_decoders_warn_of_nothing_and_others_of_what_they_did_before() -> None:
    """Also where films are read side by side, and not in the order in which they were begun."""
    first_is_inside, second_is_inside, first_is_out = Barrier(2), Barrier(2), Barrier(2)

    def first() -> None:
        with decoder_errors_as_ours("The first"):
            first_is_inside.wait(10)
            second_is_inside.wait(10)
            warnings.warn("of the first", stacklevel=1)
        first_is_out.wait(10)

    def second() -> None:
        first_is_inside.wait(10)
        with decoder_errors_as_ours("The second"):
            second_is_inside.wait(10)
            first_is_out.wait(10)
            warnings.warn("of the second", stacklevel=1)

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(first), pool.submit(second)]:
                done.result(20)
        warnings.warn("of somebody else", stacklevel=1)

    assert [str(warning.message) for warning in heard] == ["of somebody else"]
