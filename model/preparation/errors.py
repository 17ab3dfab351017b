"""Errors of the preparation."""

from model.errors import ModelError


class AnotherPreparation(ModelError):
    """The folder contains arrays that were prepared differently, for example in another size."""


class FolderInUse(ModelError):
    """Another run is preparing films into the same folder."""


class ImpossibleSplit(ModelError):
    """More films were requested for validation than exist."""


class NoFilms(ModelError):
    """There is no folder of images, or no labelled film in it can be used."""


class ReaderDied(ModelError):
    """A process that reads films was killed, or ran out of memory."""
