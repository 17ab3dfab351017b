from headers.errors import (
    BlankImage,
    ColourImage,
    ContradictoryImage,
    EmptyFile,
    ImageTooLarge,
    ImageTooSmall,
    NoPixelData,
    NotAnImage,
    RefusedFile,
    SeveralImages,
    TruncatedImage,
    UndecodableImage,
    UnsafeFile,
    UnsupportedImage,
)

__all__ = [
    "BlankImage",
    "ColourImage",
    "ContradictoryImage",
    "CorruptArtefact",
    "EmptyFile",
    "ImageTooLarge",
    "ImageTooSmall",
    "InvalidLabels",
    "ModelError",
    "NoPixelData",
    "NotAnImage",
    "SeveralImages",
    "TruncatedImage",
    "UndecodableImage",
    "UnreadableImage",
    "UnsafeFile",
    "UnsupportedImage",
    "UnusableCheckpoint",
]

#: Every reason for which a file is refused. One hierarchy serves the gateway, which sees only
#: headers, and this package, which sees the rest.
UnreadableImage = RefusedFile


class ModelError(Exception):
    """Base class for what else the model package raises on purpose."""


class CorruptArtefact(ModelError):
    """A classifier's folder is incomplete, or its weights are not those its manifest names."""


class InvalidLabels(ModelError):
    """A manifest of labelled films lacks a column, or holds a value that means nothing."""


class UnusableCheckpoint(ModelError):
    """A training checkpoint does not belong to the configuration it is resumed with."""
