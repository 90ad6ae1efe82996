"""The table of processors in Markdown."""

from docs import machines
from pipeline.reporting.machines import Machine


def test_a_row_says_how_many_outputs_were_the_same_and_of_which_commit(monkeypatch, capsys):
    verified = Machine("A processor", "AMD", "AVX2", [1], "2.13.0", "lecture", "0123abc", 7, 9)
    monkeypatch.setattr(machines, "read_machines", lambda: [verified])
    machines.main()
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| A processor, AVX2 | lecture | 7 of 9 | `0123abc` |"
    ]
