"""Stage encode: encode a data set as ids, and record its codec and the dropped records.

Reads data/raw/<dataset>, writes data/encoded/<dataset> and reports/data/<dataset>.json.
"""

from pathlib import Path

from pipeline import config
from pipeline.files import read_json, staged_folder, write_json
from pipeline.tasks import part


def main(name: str) -> None:
    """Encode the data set `name` of params.yaml."""
    dataset = config.dataset_of(config.load(), name)
    raw = Path("data/raw") / name
    source = read_json(raw / "source.json")
    with staged_folder(Path("data/encoded") / name) as encoded:
        facts = part(dataset.task, "encoding.encode").encode(raw, encoded, dataset.encoding)
        manifest = {"dataset": name, "task": dataset.task, **source, **facts}
        write_json(encoded / "manifest.json", manifest)
    write_json(Path("reports/data") / f"{name}.json", manifest)
    counts = ", ".join(f"{split} {facts['splits'][split]['records']}" for split in facts["splits"])
    print(f"{name}: {counts} records; dropped {sum(facts['dropped'].values())}")
