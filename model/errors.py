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
    "DeviceDisagrees",
    "DeviceUnavailable",
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


class DeviceUnavailable(ModelError):
    """What was to run the network is not there, or does not work any more."""

    def __init__(self, device: str, reason: str) -> None:
        super().__init__(device, reason)  # args rebuild the error when it crosses a process
        self.device = device
        self.reason = reason

    def __str__(self) -> str:
        return f"the device {self.device} {self.reason}"


class DeviceDisagrees(ModelError):
    """A device answers otherwise than the CPU, by more than may be."""


class ContradictoryConfig(ModelError):
    """What was asked of a training run does not hold together."""


class InvalidLabels(ModelError):
    """A manifest of labelled films lacks a column, or holds a value that means nothing."""


class UnusableCheckpoint(ModelError):
    """A training checkpoint does not belong to the configuration it is resumed with."""
