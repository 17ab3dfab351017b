"""No library that reads files is older than its last known hole (RELIABILITY 3.4)."""

from importlib.metadata import PackageNotFoundError, distributions, version

import gdcm
import pytest
from packaging.version import Version
from PIL import features

FLOORS = {
    "pillow": "13.0.0",  # CVE-2026-112403, a heap overflow in its JPEG decoder
    "pydicom": "3.0.2",  # CVE-2026-32711
    "python-multipart": "0.0.31",  # CVE-2026-53537
    "starlette": "1.3.1",  # CVE-2026-54283
    "python-gdcm": "3.2.6",  # CVE-2025-48429, CVE-2025-53618
    "pylibjpeg-openjpeg": "2.5.0",
    "pyjpegls": "1.5.1",
    "simplejpeg": "1.9.0",
    "opencv-python-headless": "5.0.0.93",  # OSV-2023-444
}

#: Wanted only where it is installed: serving needs none of them.
FLOORS_WHERE_INSTALLED = {"torch": "2.10"}  # CVE-2025-32434, CVE-2026-24747

#: The GNU General Public License is not this project's.
GPL_DECODERS = {"pylibjpeg-libjpeg", "pylibjpeg-all"}


@pytest.mark.parametrize("name", FLOORS)
def test_no_library_is_older_than_its_floor(name: str) -> None:
    assert Version(version(name)) >= Version(FLOORS[name])


@pytest.mark.parametrize("name", FLOORS_WHERE_INSTALLED)
def test_what_is_optional_is_not_older_than_its_floor(name: str) -> None:
    try:
        installed = version(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed")

    assert Version(installed) >= Version(FLOORS_WHERE_INSTALLED[name])


def test_gdcm_itself_is_as_new_as_its_package() -> None:
    assert Version(gdcm.Version.GetVersion()) >= Version("3.2.6")


def test_pillows_openjpeg_is_past_its_holes() -> None:
    """CVE-2025-54874 is in 2.5.1 to 2.5.3. Pillow's is never asked to decode here."""
    found = features.version("jpg_2000")

    assert found is None or Version(found) >= Version("2.5.4")


def test_no_decoder_under_the_gpl_is_installed() -> None:
    installed = {distribution.name.lower().replace("_", "-") for distribution in distributions()}

    assert not installed & GPL_DECODERS
