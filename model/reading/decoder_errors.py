"""The exceptions of decoders, turned into this package's own errors."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from PIL import Image
from pydicom.errors import BytesLengthException, InvalidDicomError

from model.errors import ImageTooLarge, TruncatedImage, UndecodableImage, UnreadableImage

#: Exceptions of Pillow, pydicom and its plugins on damaged files. Any other is a bug of ours.
_DECODER_ERRORS: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    zlib.error,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    RuntimeError,  # GDCM's and CharLS's own, NotImplementedError, RecursionError
    InvalidDicomError,
    BytesLengthException,
)

#: Words for missing data in the messages of Pillow and of libjpeg.
_CUT_SHORT: Final = ("truncated", "premature end")


class _Silence:
    """A context that ignores warnings as long as any thread is inside.

    `warnings.catch_warnings` alone changes the whole process: of threads that come and go, the last
    would put back what another had set, and nothing would ever be warned of again.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._caught.__exit__(None, None, None)


#: Decoders warn of things that are checked here anyway, once per file in a log.
_SILENCE: Final = _Silence()


@contextmanager
def decoder_errors_as_ours(what: str) -> Iterator[None]:
    """Turn an exception of a decoder into an `UnreadableImage`; our own pass unchanged.

    Args:
        what: Subject of the sentence shown, such as "The PNG file".
    """
    with _SILENCE:
        try:
            yield
        except UnreadableImage:
            raise
        except Image.DecompressionBombError as exc:
            raise ImageTooLarge(f"{what} has more pixels than are read.") from exc
        except EOFError as exc:
            raise TruncatedImage(f"{what} ends before its picture does.") from exc
        except _DECODER_ERRORS as exc:
            if any(word in str(exc).lower() for word in _CUT_SHORT):
                raise TruncatedImage(f"{what} ends before its picture does.") from exc
            raise UndecodableImage(f"{what} is damaged and cannot be decoded.") from exc
