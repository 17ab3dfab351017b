from typing import ClassVar


class RefusedFile(Exception):
    """Base class of the reasons for which a file is refused.

    `code` is stable and travels between processes; `detail` is a sentence for people. Neither
    ever holds patient data or a file's name, so both may be logged and shown.
    """

    code: ClassVar[str] = "unreadable_image"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)  # args rebuild the error when it crosses a process
        self.detail = detail


class EmptyFile(RefusedFile):
    """The file has no bytes."""

    code = "empty_file"


class NotAnImage(RefusedFile):
    """The bytes begin like no format that is read."""

    code = "not_an_image"


class UnsafeFile(RefusedFile):
    """The bytes are an image and something else at once, such as a program or an archive."""

    code = "unsafe_file"


class UndecodableImage(RefusedFile):
    """The file is damaged, or breaks the rules of its format."""

    code = "undecodable_image"


class ContradictoryImage(UndecodableImage):
    """Two parts of the file contradict each other about the picture."""

    code = "contradictory_image"


class TruncatedImage(RefusedFile):
    """The file ends before its picture does."""

    code = "truncated_image"


class ImageTooLarge(RefusedFile):
    """The picture has more pixels than are decoded."""

    code = "image_too_large"


class ImageTooSmall(RefusedFile):
    """The picture has too few pixels to be a radiograph."""

    code = "image_too_small"


class UnsupportedImage(RefusedFile):
    """A well-formed file of a kind that is not read, such as a deflated DICOM object."""

    code = "unsupported_image"


class SeveralImages(UnsupportedImage):
    """The file holds several frames, pages or pictures; which is the film cannot be told."""

    code = "several_images"


class NoPixelData(RefusedFile):
    """A DICOM object without a picture, such as a report."""

    code = "no_pixel_data"


class ColourImage(RefusedFile):
    """The picture is in colour, which no radiograph is."""

    code = "colour_image"


class BlankImage(RefusedFile):
    """Every pixel has the same value."""

    code = "blank_image"
