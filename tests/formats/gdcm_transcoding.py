"""Program that transcodes DICOM files with GDCM, as `gdcmconv` does.

It runs in a process of its own, because GDCM ends the process on some errors. Arguments: a transfer
syntax by GDCM's name, then pairs of source and target.
"""

import sys

import gdcm


def transcode(syntax: str, source: str, target: str) -> None:
    """Write a copy of a file in another transfer syntax."""
    reader, writer, change = (
        gdcm.ImageReader(),
        gdcm.ImageWriter(),
        gdcm.ImageChangeTransferSyntax(),
    )
    reader.SetFileName(source)
    assert reader.Read(), f"GDCM cannot read {source}"
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change(), f"GDCM cannot transcode {source}"
    writer.SetFileName(target)
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write(), f"GDCM cannot write {target}"


if __name__ == "__main__":
    chosen, *paths = sys.argv[1:]
    for pair in zip(paths[::2], paths[1::2], strict=True):
        transcode(chosen, *pair)
