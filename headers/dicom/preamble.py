from headers.errors import UnsafeFile
from headers.harmful import begins_harmful


def check_preamble(preamble: bytes) -> None:
    """Refuse a preamble that makes the file a program, an archive or a document (CVE-2019-11687).

    PS3.10 7.1 leaves the preamble to the application: devices of GE and others write text and
    numbers there, and TIFF headers are meant.

    Raises:
        UnsafeFile: It begins like one of these.
    """
    if begins_harmful(preamble):
        raise UnsafeFile("The DICOM file begins like a file of another kind.")
