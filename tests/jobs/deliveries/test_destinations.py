from pathlib import Path

import pytest

from jobs.deliveries.destinations import read_destinations
from jobs.states import ReportKind
from jobs.toml_tables import InvalidFile
from tests.results import make_result

GOOD = """
[[destination]]
name = "pacs"
kind = "stow"
url = "https://pacs.example/dicom-web"

[[destination]]
name = "archive"
kind = "cstore"
host = "10.0.0.2"
port = 104
called_ae = "ARCHIVE"
objects = ["sc-jpeg"]
results = "positive"

[[destination]]
name = "ris"
kind = "mllp"
host = "10.0.0.3"
port = 2575
results = "scored"
"""


def written(text: str, folder: Path) -> Path:
    path = folder / "destinations.toml"
    path.write_text(text)
    return path


def test_destinations_are_read(tmp_path: Path) -> None:
    pacs, archive, ris = read_destinations(written(GOOD, tmp_path))

    assert pacs.delivered_kinds == (ReportKind.SR, ReportKind.SC)
    assert pacs.encoded_kinds == {ReportKind.SR, ReportKind.SR33, ReportKind.SC}
    assert archive.encoded_kinds == {ReportKind.SC_JPEG}
    assert ris.delivered_kinds == (ReportKind.HL7,)
    assert read_destinations(None) == ()


def test_a_destination_gets_the_results_that_it_wants(tmp_path: Path) -> None:
    pacs, archive, ris = read_destinations(written(GOOD, tmp_path))
    positive, negative, rejected = (make_result(0.9), make_result(0.1), make_result(None))

    assert [pacs.wants(one) for one in (positive, negative, rejected)] == [True, True, True]
    assert [ris.wants(one) for one in (positive, negative, rejected)] == [True, True, False]
    assert [archive.wants(one) for one in (positive, negative, rejected)] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[destination]]\nname = "a"\nkind = "ftp"\n', "line 3: kind"),
        ('[[destination]]\nname = "a"\nkind = "stow"\n', "line 1: `stow` needs url"),
        (GOOD + '\n[[destination]]\nname = "pacs"\nkind = "stow"\nurl = "http://a"\n', "'pacs'"),
        ('[[destination]]\nname = "a\n', "line 2"),
        ('[[destination]]\nname = "a"\nkind = "stow"\nurl = "http://a"\npasword = "x"\n', "line 5"),
        (
            '[[destination]]\nname = "a"\nkind = "cstore"\nhost = "b"\nport = 1\n',
            "needs called_ae",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"destinations\.toml") as caught:
        read_destinations(written(text, tmp_path))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
