from faults.table import lines


def test_kills_on_a_cluster_are_counted_beside_what_is_the_same():
    numbers = {
        "kills": {"stage": 3, "host": 2},
        "total": 5,
        "different": 1,
        "files and records": 145,
        "submitted again": 2,
    }
    ((fault, result),) = lines([{"what": "cluster", "numbers": numbers}])
    assert fault == "SLURM on two hosts, 5 kills (3 of stage, 2 of host)"
    assert result.startswith("144 of 145 files") and result.endswith("submitted again 2 times")


def test_a_cut_link_and_whether_the_model_is_the_same():
    found = {"updates": 9, "resumptions": 1, "the same bytes": False}
    ((fault, result),) = lines([{"what": "links", "numbers": {"link cut": found}}])
    assert fault.endswith("9 updates, link cut")
    assert result == "model differ; resumed 1 times"


def test_a_sweep_and_a_time_limit_say_whether_results_are_the_same():
    limit = {"updates": 1500, "out of time": 3, "resumptions": 3, "the same bytes": True}
    numbers = {"sweep": {"experiments": 2, "the same": 1}, "time limit": limit}
    assert lines([{"what": "limits", "numbers": numbers}]) == [
        ["sweep on SLURM, experiments: 2", "with the results of plain stages: 1"],
        ["time limit of a minute, 1,500 updates", "model the same; out of time 3 times"],
    ]
