"""Devices that can run a network."""

from enum import StrEnum


class Device(StrEnum):
    """A device that can run a network: the CPU, or an NVIDIA graphics card."""

    CPU = "cpu"
    CUDA = "cuda"
