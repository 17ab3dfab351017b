"""Errors of the model package."""

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

#: Base class of all errors about a file. The gateway, which reads headers only, and this package,
#: which decodes, share one hierarchy.
UnreadableImage = RefusedFile


class ModelError(Exception):
    """Base class for the model package's other errors."""


class CorruptArtefact(ModelError):
    """The folder of a network is incomplete, or its weights are not those the manifest names."""


class DeviceUnavailable(ModelError):
    """The device does not exist, or does not work any more."""

    def __init__(self, device: str, reason: str) -> None:
        super().__init__(device, reason)  # args rebuild the error when it crosses a process
        self.device = device
        self.reason = reason

    def __str__(self) -> str:
        return f"the device {self.device} {self.reason}"


class DeviceDisagrees(ModelError):
    """A device's results differ from the CPU's by more than the permitted difference."""


class ContradictoryConfig(ModelError):
    """The options of a training run contradict each other."""


class InvalidRecipe(ModelError):
    """A training recipe lacks a value, or holds one that means nothing."""


class InvalidLabels(ModelError):
    """A manifest of labelled films lacks a column or contains an invalid value."""


class UnusableCheckpoint(ModelError):
    """A training checkpoint does not belong to the configuration it is resumed with."""
