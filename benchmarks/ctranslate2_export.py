"""Our encoder-decoder in the format of CTranslate2: python -m benchmarks.ctranslate2_export.

Writes the default scale's translation model into a folder that ctranslate2.Translator reads.
"""

import argparse
from pathlib import Path

from benchmarks import subject
from pipeline.tasks.translation.codec import Codec
from pipeline.tasks.translation.export import export

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder to make; it must not exist")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True)
    export(subject.trained(), Codec.load(subject.encoded()).vocabulary(), folder)
