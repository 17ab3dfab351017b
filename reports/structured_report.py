"""DICOM Structured Report of a result: Imaging Measurement Report, TID 1500 (PS3.16)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset

from jobs.results import Reason, Result
from reports import codes
from reports.attributes import copy_study, describe, write
from reports.film import Film
from reports.geometry import Point, outline, whole_film
from reports.origin import MANUFACTURER, MODEL_NAME, Origin

SERIES_NUMBER: Final = 9001


class Variant(StrEnum):
    """SOP class of the report; the value is its kind in UIDs."""

    COMPREHENSIVE_3D = "sr"  # 1.2.840.10008.5.1.4.1.1.88.34
    COMPREHENSIVE = "sr33"  # 1.2.840.10008.5.1.4.1.1.88.33, for peers that refuse the other


def structured_report(
    result: Result,
    film: Film,
    origin: Origin,
    *,
    at: datetime,
    variant: Variant = Variant.COMPREHENSIVE_3D,
) -> bytes:
    """Return a result as a DICOM Structured Report in the film's study.

    Args:
        result: The result, of a scored or a rejected film.
        film: The film.
        origin: Installation and network.
        at: Time of the result.
        variant: SOP class of the report.
    """
    content = sr.MeasurementReport(
        observation_context=_observer(origin),
        procedure_reported=_procedure(film),
        imaging_measurements=_groups(result, film, origin),
    )
    document = _CLASSES[variant](
        evidence=[_neutral_evidence(film)],
        content=content[0],
        series_instance_uid=origin.uid(film, f"series/{variant}"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=origin.uid(film, variant),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description="PneumoCAM report - research, not a diagnosis",
    )
    # Added afterwards, because highdicom looks for names of all its content.
    document.ContentSequence.insert(_library_position(document), _image_library(film, result))
    describe(document, film, origin, kind=variant, number=SERIES_NUMBER, at=at)
    if result.probability is None:
        document.CodingSchemeIdentificationSequence = [_own_scheme()]
    copy_study(film, document)
    return write(document)


_CLASSES: Final = {
    Variant.COMPREHENSIVE_3D: sr.Comprehensive3DSR,
    Variant.COMPREHENSIVE: sr.ComprehensiveSR,
}


def _neutral_evidence(film: Film) -> Dataset:
    """Return the film's references alone; highdicom refuses some real names and dates.

    The film's own attributes are copied to the finished object.
    """
    evidence = Dataset()
    evidence.SOPClassUID, evidence.SOPInstanceUID = film.sop_class_uid, film.sop_instance_uid
    evidence.StudyInstanceUID, evidence.SeriesInstanceUID = film.study_uid, film.series_uid
    evidence.Rows, evidence.Columns = film.rows, film.columns
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID"):
        setattr(evidence, keyword, None)
    for keyword in ("AccessionNumber", "ReferringPhysicianName", "StudyDate", "StudyTime"):
        setattr(evidence, keyword, None)
    return evidence


def _observer(origin: Origin) -> sr.ObservationContext:
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=origin.device_uid,
        name=MODEL_NAME,
        manufacturer_name=MANUFACTURER,
        model_name=MODEL_NAME,
        serial_number=origin.installation.hex,
    )
    return sr.ObservationContext(
        observer_device_context=sr.ObserverContext(
            observer_type=sr.CodedConcept("121007", "DCM", "Device"),
            observer_identifying_attributes=device,
        )
    )


def _procedure(film: Film) -> sr.CodedConcept:
    """Return the first procedure that the film names, else a chest film."""
    for item in film.header.get("ProcedureCodeSequence") or []:
        value = item.get("CodeValue") or item.get("LongCodeValue")
        scheme, meaning = item.get("CodingSchemeDesignator"), item.get("CodeMeaning")
        # Texts of other languages would need the film's character set inside the report.
        if value and scheme and meaning and f"{value}{scheme}{meaning}".isascii():
            return sr.CodedConcept(str(value), str(scheme), str(meaning)[:64])
    return codes.CHEST_FILM


def _groups(
    result: Result, film: Film, origin: Origin
) -> Sequence[sr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    algorithm = sr.AlgorithmIdentification(
        name=origin.network,
        version=origin.version,
        parameters=[
            f"threshold={result.threshold:.4f}",
            f"weights_sha256={origin.weights_sha256}",
        ],
        family=codes.ARTIFICIAL_INTELLIGENCE,
    )
    if result.probability is None or result.positive is None:
        return [_not_scored(result.reasons, film, origin, algorithm)]
    scored = _group(
        film,
        sr.TrackingIdentifier(uid=origin.uid(film, "tracking/film"), identifier="Film"),
        whole_film(film),
        algorithm,
        finding=codes.OPACITY,
        site=sr.FindingSite(codes.LUNG),
        measurement=_percent(codes.CERTAINTY_OF_FINDING, result.probability),
        evaluation=sr.QualitativeEvaluation(
            codes.OPACITY, codes.PRESENT if result.positive else codes.ABSENT
        ),
    )
    return [scored, *_regions(result, film, origin, algorithm)]


def _regions(
    result: Result, film: Film, origin: Origin, algorithm: sr.AlgorithmIdentification
) -> list[sr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    orientation = result.input.orientation or 1
    return [
        _group(
            film,
            sr.TrackingIdentifier(
                uid=origin.uid(film, f"tracking/{number}"), identifier=f"Region {number}"
            ),
            outline(film, region, orientation),
            algorithm,
            finding=codes.OPACITY,
            site=sr.FindingSite(codes.LUNG, laterality=codes.SIDES[region.side]),
            measurement=_percent(codes.CERTAINTY_OF_FEATURE, region.peak),
        )
        for number, region in enumerate(result.regions, start=1)
    ]


def _not_scored(
    reasons: Sequence[Reason], film: Film, origin: Origin, algorithm: sr.AlgorithmIdentification
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """Return the group of a film without a score. Without a region, viewers show it blank."""
    return _group(
        film,
        sr.TrackingIdentifier(uid=origin.uid(film, "tracking/film"), identifier="Film"),
        whole_film(film),
        algorithm,
        finding=codes.reason_concept(reasons[0].code),
        evaluation=sr.QualitativeEvaluation(codes.SUMMARY_OF_ANALYSES, codes.NOT_ATTEMPTED),
    )


def _group(
    film: Film,
    tracking: sr.TrackingIdentifier,
    points: Sequence[Point],
    algorithm: sr.AlgorithmIdentification,
    *,
    finding: sr.CodedConcept,
    site: sr.FindingSite | None = None,
    measurement: sr.Measurement | None = None,
    evaluation: sr.QualitativeEvaluation | None = None,
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    region = sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.POLYLINE,
        graphic_data=np.array(points, dtype=np.float64),
        source_image=sr.SourceImageForRegion(film.sop_class_uid, film.sop_instance_uid),
    )
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking,
        referenced_region=region,
        finding_type=finding,
        algorithm_id=algorithm,
        finding_sites=None if site is None else [site],
        measurements=None if measurement is None else [measurement],
        qualitative_evaluations=None if evaluation is None else [evaluation],
    )


def _percent(name: sr.CodedConcept, fraction: float) -> sr.Measurement:
    return sr.Measurement(name=name, value=round(fraction * 100, 2), unit=codes.PERCENT)


def _library_position(root: Dataset) -> int:
    """Return the place of the image library: before the measurements (TID 1500)."""
    for position, item in enumerate(root.ContentSequence):
        if item.ConceptNameCodeSequence[0].CodeValue == "126010":  # Imaging Measurements
            return position
    return len(root.ContentSequence)


def _image_library(film: Film, result: Result) -> sr.ContainerContentItem:
    """Return the film's entry in the image library, with what its header says.

    highdicom's own library needs Patient Orientation and Imager Pixel Spacing.
    """
    image = sr.ImageContentItem(
        name=codes.IMAGE_LIBRARY_GROUP,
        referenced_sop_class_uid=film.sop_class_uid,
        referenced_sop_instance_uid=film.sop_instance_uid,
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
    described = sr.ContentSequence()
    about = sr.RelationshipTypeValues.HAS_ACQ_CONTEXT
    modality = codes.MODALITIES.get(result.input.modality or "")
    if modality is not None:
        described.append(sr.CodeContentItem(codes.MODALITY, modality, relationship_type=about))
    view = codes.VIEWS.get(result.input.view or "")
    if view is not None:
        described.append(sr.CodeContentItem(codes.IMAGE_VIEW, view, relationship_type=about))
    for name, value in ((codes.ROWS, film.rows), (codes.COLUMNS, film.columns)):
        described.append(sr.NumContentItem(name, value, unit=codes.PIXELS, relationship_type=about))
    image.ContentSequence = described
    group = sr.ContainerContentItem(
        name=codes.IMAGE_LIBRARY_GROUP, relationship_type=sr.RelationshipTypeValues.CONTAINS
    )
    group.ContentSequence = sr.ContentSequence([image])
    library = sr.ContainerContentItem(
        name=codes.IMAGE_LIBRARY, relationship_type=sr.RelationshipTypeValues.CONTAINS
    )
    library.ContentSequence = sr.ContentSequence([group])
    # An entry has no name (TID 1601); highdicom's sequences need one while they are built.
    del image.ConceptNameCodeSequence
    return library


def _own_scheme() -> Dataset:
    scheme = Dataset()
    scheme.CodingSchemeDesignator = codes.OWN_SCHEME
    scheme.CodingSchemeName = "PneumoCAM"
    scheme.CodingSchemeResponsibleOrganization = MANUFACTURER
    return scheme
