"""Print on which processors a scale was verified, for docs/: python -m docs.machines."""

from pipeline.reporting.machines import Machine, read_machines


def main() -> None:
    """Print a row for each processor and scale of reports/machines.json."""
    print("| processor | scale | outputs with the committed bytes | committed at |")
    print("| --- | --- | --- | --- |")
    for machine in read_machines():
        print(row(machine))


def row(machine: Machine) -> str:
    """Return the row of a processor and a scale."""
    processor = f"{machine.processor}, {machine.instructions}"
    return (
        f"| {processor} | {machine.scale} | {machine.same} of {machine.of} | `{machine.commit}` |"
    )


if __name__ == "__main__":
    main()
