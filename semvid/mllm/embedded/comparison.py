"""All that is measured about a pair of pictures."""

from collections.abc import Mapping
from dataclasses import dataclass

from semvid.images.objects import Detector, Sight
from semvid.images.resize import with_side
from semvid.images.types import Picture
from semvid.mllm.embedded.alignment import align
from semvid.mllm.embedded.boxes import FAINT, things_of
from semvid.mllm.embedded.measurements import Measurements, measure
from semvid.mllm.embedded.things import ThingMeasurements, measure_things
from semvid.mllm.embedded.traits import TraitMeasurements, trait_distance
from semvid.mllm.embedded.views import MIN_SIDE, SIDE, View, view

INPUTS = (*Measurements._fields, *TraitMeasurements._fields, *ThingMeasurements._fields)


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture made ready for `compare`."""

    view: View
    sight: Sight


@dataclass(frozen=True, slots=True)
class Comparison:
    """Attributes:
    values: by name of `INPUTS`; those of things only where there are ``things``.
    things: whether one of the pictures surely shows a thing.
    """

    values: Mapping[str, float]
    things: bool


def see(picture: Picture, detector: Detector) -> Seen:
    """Prepares a picture (uint8 RGB [height, width, 3]); ``detector`` reports things down to `FAINT`.

    Raises:
        InvalidInput: the array is no such picture.
        MissingComponent: the detector cannot run here.
    """
    return Seen(view(with_side(picture, SIDE, MIN_SIDE)), detector.look(picture))


def eye() -> Detector:
    """The shipped detector, as `see` wants it."""
    return Detector(least_score=FAINT)


def compare(reference: Seen, candidate: Seen) -> Comparison:
    """Measures two pictures of one size."""
    first, second = reference.view, candidate.view
    aligned = align(first, second)
    height, width = first.luminance.shape
    things = things_of(
        reference.sight.things, candidate.sight.things, aligned.registration.matrix, (width, height)
    )
    distance = trait_distance(reference.sight.traits, candidate.sight.traits, first, aligned)
    values = measure(first, second, aligned)._asdict() | distance.measured()._asdict()
    if not things.certain():
        return Comparison(values, False)
    return Comparison(values | measure_things(first, second, aligned, things, distance)._asdict(), True)
