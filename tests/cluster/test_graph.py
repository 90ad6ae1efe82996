import pytest

from pipeline.cluster.graph import _dependencies, _left, command_of, of_runs

DOT = """strict digraph {
"check";
"download@a";
"encode@a";
"train@x";
"decode@x";
"evaluate@x";
"train@y";
"decode@y";
"evaluate@y";
"judge";
"download@a" -> "encode@a";
"encode@a" -> "train@x";
"encode@a" -> "train@y";
"encode@a" -> "decode@x";
"train@x" -> "train@y";
"train@x" -> "decode@x";
"train@x" -> "evaluate@x";
"decode@x" -> "evaluate@x";
"train@y" -> "decode@y";
"decode@y" -> "evaluate@y";
"evaluate@x" -> "judge";
"evaluate@y" -> "judge";
{}
}
"""


def after(graph, stage):
    """All that `stage` waits for, directly or not, the naive way."""
    found = set(graph[stage])
    for other in graph[stage]:
        found |= after(graph, other)
    return found


def test_what_comes_after_a_stale_stage_is_left_and_waits_for_no_more_than_it_must():
    before = _dependencies(DOT)
    left = _left(before, {"decode@x", "check"})
    assert left == {
        "check": set(),
        "decode@x": set(),
        "evaluate@x": {"decode@x"},
        "judge": {"evaluate@x"},
    }
    everything = _left(before, {"download@a", "check"})
    assert everything["decode@x"] == {"train@x"}  # which waits for encode@a itself
    assert {stage: after(everything, stage) for stage in everything} == {
        stage: after(before, stage) for stage in everything
    }
    order = list(everything)
    assert all(order.index(o) < order.index(s) for s in order for o in everything[s])


def test_nothing_is_left_of_what_is_up_to_date():
    assert _left(_dependencies(DOT), set()) == {}


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        (["x"], {"download@a", "encode@a", "train@x", "decode@x", "evaluate@x"}),
        (["y"], {"download@a", "encode@a", "train@x", "train@y", "decode@y", "evaluate@y"}),
        (["nothing_*"], set()),
    ],
)
def test_chosen_runs_bring_what_they_wait_for_and_no_other_run(patterns, kept):
    left = _left(_dependencies(DOT), {"download@a", "check"})
    assert of_runs(left, patterns).keys() == kept
    assert of_runs(left, []) == left


def test_the_command_is_that_of_the_graph(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scale.yaml").write_text("code: ..\n")
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n"
        "  train: {foreach: '${runs}', do: {cmd: 'exec python ${code}/pipeline train ${key}'}}\n"
        "  judge: {cmd: 'exec python ${code}/pipeline judge'}\n"
    )
    assert command_of("train@x_1") == "exec python ../pipeline train x_1"
    assert command_of("judge") == "exec python ../pipeline judge"
