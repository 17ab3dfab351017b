"""Facts of a film, read from its header."""

import io

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from headers.dicom.header import FilmFacts
from headers.inspection import inspect_header
from tests.formats.films import film, levels
from tests.model.synthetic import bare, dicom_dataset, write

STORED = levels(film(), 8)


def facts_of(content: bytes) -> FilmFacts:
    header = inspect_header(io.BytesIO(content), len(content))
    assert header.dicom is not None
    return header.dicom.facts


def region(value: str, scheme: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, "words"
    return code


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([("51185008", "SCT")], "CHEST"),
        ([("816094009", "SCT")], "CHEST"),
        ([("T-D3000", "SRT")], "CHEST"),
        ([("T-28000", "SNM3")], "LUNG"),
        ([("29836001", "SCT")], "HIP"),
        ([("12345", "99LOCAL"), ("T-D3000", "SRT")], "CHEST"),
        ([("T-D3000", "99LOCAL")], "KNEE"),  # another scheme's code
        ([("999", "SCT")], "KNEE"),  # not a code that is known
        ([], "KNEE"),
    ],
)
@pytest.mark.parametrize("implicit", [True, False])
def test_a_coded_region_comes_before_the_free_text(
    codes: list[tuple[str, str]], expected: str, implicit: bool
) -> None:
    dataset = dicom_dataset(STORED, BodyPartExamined="KNEE")
    dataset.AnatomicRegionSequence = Sequence([region(*code) for code in codes])

    assert facts_of(bare(dataset, implicit=implicit)).body_part == expected


def test_a_damaged_sequence_says_nothing() -> None:
    dataset = dicom_dataset(STORED, BodyPartExamined="CHEST")
    dataset.AnatomicRegionSequence = Sequence([region("29836001", "SCT")])
    content = write(dataset)
    damaged = content.replace(b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", 1)
    assert damaged != content

    assert facts_of(damaged).body_part == "CHEST"


def test_nothing_else_is_told() -> None:
    """A film's name, its patient's or a free text do not get into the facts."""
    dataset = dicom_dataset(np.asarray(STORED), BodyPartExamined="CHEST")

    assert "Nobody" not in repr(facts_of(write(dataset)))
