import json

import pytest

from pipeline import verify
from pipeline.files import write_json

COMMITTED = {"denoised": 28.987, "largest": 0.0}
LOCK = """
stages:
  demonstrate@denoising:
    deps: [{path: data/raw/photographs, md5: aa}]
    outs:
    - {path: runs/denoising/figures, md5: DIGEST}
    - {path: reports/metrics/denoising.json, md5: DIGEST}
  report:
    outs: [{path: reports/index.html, md5: DIGEST}]
"""


@pytest.mark.parametrize(
    ("numbers", "state"),
    [
        ({"denoised": 29.0, "largest": 0.0005}, "within"),
        ({"denoised": 29.05, "largest": 0.0}, "differs"),
        ({"denoised": 28.987, "largest": 0.002}, "differs"),
        ({"largest": 0.0}, "differs"),
    ],
)
def test_a_demonstration_is_the_same_but_for_roundings(
    numbers, state, tmp_path, monkeypatch, capsys
):
    committed = {
        verify.LOCK: LOCK.replace("DIGEST", "bb"),
        verify.METRICS / "denoising.json": json.dumps({"demonstration": COMMITTED}),
    }
    monkeypatch.setattr(verify, "_committed", committed.get)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.lock").write_text(LOCK.replace("DIGEST", "cc"))
    (tmp_path / "runs/denoising/figures").mkdir(parents=True)
    write_json(verify.METRICS / "denoising.json", {"demonstration": numbers})
    (tmp_path / "reports/index.html").touch()
    if state == "within":
        verify.main()
    else:
        with pytest.raises(SystemExit):
            verify.main()
    states = [line.split()[0] for line in capsys.readouterr().out.splitlines()[:-1]]
    assert states == [state] * 3
