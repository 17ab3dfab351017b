from headers.errors import UnsafeFile


def check_preamble(preamble: bytes) -> None:
    """Refuse a preamble in which something that runs or unpacks could begin (CVE-2019-11687).

    PS3.10 7.1 lets an application put there what it likes, and some devices count something
    further back; but whatever is not DICOM is recognised by its first bytes. TIFF is the one
    that the standard means.
    """
    if preamble[:16].strip(b"\0") and not preamble.startswith((b"II*\x00", b"MM\x00*")):
        raise UnsafeFile("The DICOM file begins like a file of another kind.")
