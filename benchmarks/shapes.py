"""The shape of a data set's encoded form, from its settings: no data are needed."""

from models.settings import DataShape
from pipeline import config
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.settings import DigitsEncoding
from pipeline.tasks.music.codec import events, grid, melody
from pipeline.tasks.music.settings import ChoraleEncoding, PerformanceEncoding, TuneEncoding
from pipeline.tasks.translation.settings import TranslationEncoding

DIGIT_LEVELS = 17


def shape_of(dataset: config.Dataset) -> DataShape:
    """The shape that the encode stage would find; images are taken to be of one class."""
    match dataset.encoding:
        case TranslationEncoding(vocabulary_size=pieces):
            return DataShape(inputs=pieces, outputs=pieces, layout=dataset.layout)
        case ChoraleEncoding():
            return grid.SHAPE
        case PerformanceEncoding():
            return events.SHAPE
        case TuneEncoding():
            return melody.SHAPE
        case encoding:
            levels = DIGIT_LEVELS if isinstance(encoding, DigitsEncoding) else encoding.levels
            return ImageCodec(*encoding.size, levels, classes=1).shape
