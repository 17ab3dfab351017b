"""`python -m listener`, which `pneumocam dicom` becomes."""

import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from types import ModuleType

#: Packages that others import where they are installed, and that a listener has no use for. numpy
#: and the decoders of pictures, which pydicom loads, take 40 MB, and a listener decodes nothing.
_LEFT_OUT = (
    "PIL",
    "gdcm",
    "jpeg_ls",
    "numpy",
    "openjpeg",
    "pylibjpeg",
    "requests",
    "rich",
)


def main() -> None:
    """Run the listener without the packages that it does not need."""
    for name in _LEFT_OUT:
        # Python's way to say that a module cannot be imported.
        sys.modules[name] = cast("ModuleType", None)
    from listener.process import run  # noqa: PLC0415 - after the lines above

    run()


main()
