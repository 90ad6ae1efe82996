"""Stage download: download the raw data of a data set to data/raw/<dataset>.

Writes the unchanged archive or parquet files, and source.json with their origin, licence and
sha256. The environment variable ATTENTION_MIRROR names a local mirror, which is searched first.
"""

from pathlib import Path

from pipeline import config, files, sources


def main(dataset: str) -> None:
    """Download the raw data of `dataset`, a key of datasets in params.yaml."""
    source = config.dataset_of(config.load(), dataset).source
    with files.staged_folder(Path("data/raw") / dataset) as folder:
        fetched = sources.fetch(source, folder)
        description = {
            "kind": source.kind,
            "origin": source.origin,
            "licence": source.licence,
            "files": fetched,
        }
        files.write_json(folder / sources.DESCRIPTION, description)
