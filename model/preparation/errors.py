from model.errors import ModelError


class AnotherPreparation(ModelError):
    """The folder holds arrays that were prepared otherwise, such as in another size."""


class FolderInUse(ModelError):
    """Another run is preparing films into the same folder."""


class ImpossibleSplit(ModelError):
    """More films are wanted for validation than there are."""


class NoFilms(ModelError):
    """There is no folder of images, or no labelled film in it can be used."""


class ReaderDied(ModelError):
    """A process that reads films ended from outside, or for want of memory."""
