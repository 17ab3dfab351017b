"""What a network can be run by."""

from enum import StrEnum


class Device(StrEnum):
    """The processor's own cores, or a graphics card of NVIDIA's."""

    CPU = "cpu"
    CUDA = "cuda"
