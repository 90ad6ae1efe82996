"""Molecules to graphs, in splits that share no molecule, and one that shares no formula."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.corpus import Split, write_clusters, write_sequences
from pipeline.encoding.duplicates import Seen, digest
from pipeline.encoding.records import Skipped, read_or_skip
from pipeline.encoding.splits import check_not_empty, draw_splits
from pipeline.encoding.tally import Tally
from pipeline.files import write_json
from pipeline.tasks.molecules.codec import (
    ATOMS,
    COORDINATES,
    ENERGY,
    IDS,
    LABELS,
    MoleculeCodec,
    label_names,
)
from pipeline.tasks.molecules.codec.reference import fit_reference
from pipeline.tasks.molecules.encoding.bonds import distances
from pipeline.tasks.molecules.encoding.graph import to_graph
from pipeline.tasks.molecules.encoding.read import Labelled, read
from pipeline.tasks.molecules.settings import MoleculeEncoding

FORMULAS: Split = "test_formulas"  # the molecules of formulas that no other split has
_PICOMETRES = 100  # of an angstrom: molecules that differ by less are the same


class Graph(NamedTuple):
    """A molecule as a graph: ids (atom,), labels (atom, atom), coordinates (atom, 3), energy."""

    name: str
    formula: str
    atoms: np.ndarray
    labels: np.ndarray
    coordinates: np.ndarray
    energy: float


def encode(raw: Path, encoded: Path, encoding: MoleculeEncoding) -> dict[str, Any]:
    """Write the fields of every split into `encoded`; return the task's part of the manifest.

    `atoms` are ids, `labels` those of all pairs of atoms row by row, `coordinates` those of the
    atoms in angstroms, `energy` a number in kcal/mol. `<split>.molecules.json` has names and
    formulas. A molecule is a cluster, of held-out formulas the formula. DataError if more than
    `encoding.max_skipped` of the molecules cannot be used, or a split is left empty.
    """
    codec = MoleculeCodec(
        tuple(encoding.elements), tuple(encoding.distance_edges), encoding.max_atoms
    )
    tally = Tally()
    found = (_graph(record, codec) for record in read(raw, encoding.reader))
    graphs = _without_duplicates(tally.usable(found), tally)
    tally.check(raw, encoding.max_skipped)
    splits = split_graphs(raw, graphs, encoding)
    for split, members in splits.items():
        _write(encoded, split, members)
    train = splits["train"]
    reference = fit_reference(
        np.array([graph.energy for graph in train]),
        [graph.atoms for graph in train],
        len(codec.elements),
    )
    return {
        "shape": codec.shape.model_dump(),
        "splits": {split: _describe(members) for split, members in splits.items()},
        "dropped": {**tally.dropped, **tally.skipped},
        "skipped": tally.listing(),
        "elements": list(codec.elements),
        "max_atoms": codec.max_atoms,
        "distance_edges": list(codec.edges),
        "labels": label_names(codec.edges),
        "pairs_by_label": _pairs(graphs, codec),
        "formulas": len({graph.formula for graph in graphs}),
        "reference": reference.as_dict(),
    }


def split_graphs(
    raw: Path, graphs: Sequence[Graph], encoding: MoleculeEncoding
) -> dict[Split, list[Graph]]:
    """Hold out some formulas, then draw the splits of the other molecules at random.

    Raises DataError if a split is empty.
    """
    formulas = sorted({graph.formula for graph in graphs})
    seed = encoding.splits.seed
    count = round(encoding.held_out_formulas * len(formulas))
    held_out = {
        formulas[index] for index in np.random.default_rng(seed).permutation(len(formulas))[:count]
    }
    rest = [graph for graph in graphs if graph.formula not in held_out]
    drawn = draw_splits(np.arange(len(rest)), encoding.splits)
    splits = {split: [rest[index] for index in which] for split, which in drawn.items()}
    if held_out:
        splits[FORMULAS] = [graph for graph in graphs if graph.formula in held_out]
    check_not_empty(raw, splits)
    return splits


def _graph(record: Labelled | Skipped, codec: MoleculeCodec) -> Graph | Skipped:
    if isinstance(record, Skipped):
        return record
    name, molecule, energy = record
    encoded = read_or_skip(name, to_graph, molecule, codec)
    if isinstance(encoded, Skipped):
        return encoded
    return Graph(name, molecule.formula, *encoded, molecule.coordinates, energy)


def _without_duplicates(graphs: Iterable[Graph], tally: Tally) -> list[Graph]:
    """Keep the first of molecules whose atoms have the same distances, wherever they stand."""
    every = list(graphs)
    new = Seen().add(np.array([_fingerprint(graph) for graph in every], np.uint64))
    return [
        graph
        for graph, is_new in zip(every, new, strict=True)
        if tally.keep(None if is_new else "the same molecule as an earlier one")
    ]


def _fingerprint(graph: Graph) -> int:
    """Hash elements and distances, which do not depend on the order of atoms or the place."""
    lengths = np.rint(distances(graph.coordinates) * _PICOMETRES).astype(np.int64)
    rows = sorted(
        (int(atom), *sorted(zip(graph.atoms.tolist(), row.tolist(), strict=True)))
        for atom, row in zip(graph.atoms, lengths, strict=True)
    )
    return digest(repr(rows).encode())


def _write(encoded: Path, split: Split, graphs: Sequence[Graph]) -> None:
    fields = {
        ATOMS: (np.dtype(IDS), [graph.atoms for graph in graphs]),
        LABELS: (np.dtype(IDS), [graph.labels.reshape(-1) for graph in graphs]),
        COORDINATES: (np.dtype(np.float32), [graph.coordinates.reshape(-1) for graph in graphs]),
        ENERGY: (np.dtype(np.float64), [[graph.energy] for graph in graphs]),
    }
    for field, (dtype, rows) in fields.items():
        write_sequences(encoded, split, field, rows, dtype)
    names = [{"name": graph.name, "formula": graph.formula} for graph in graphs]
    write_json(encoded / f"{split}.molecules.json", names)
    if split != "train":
        by_formula = split == FORMULAS
        write_clusters(
            encoded, split, [graph.formula if by_formula else graph.name for graph in graphs]
        )


def _describe(graphs: Sequence[Graph]) -> dict[str, int]:
    return {
        "records": len(graphs),
        "tokens": sum(len(graph.atoms) for graph in graphs),  # atoms
        "formulas": len({graph.formula for graph in graphs}),
    }


def _pairs(graphs: Sequence[Graph], codec: MoleculeCodec) -> list[int]:
    """Count the pairs of atoms with each label."""
    names = label_names(codec.edges)
    counts = np.zeros(len(names), np.int64)
    for graph in graphs:
        counts += np.bincount(graph.labels.reshape(-1), minlength=len(names))
    return counts.tolist()
