"""Where there is no room: one message, with the path and the space, and nothing half-written."""

import os
import re
import shutil

import pytest

from pipeline.files import staged_folder, write_atomically


def test_a_folder_that_does_not_fit_tells_what_is_written_and_free(tmp_path):
    target = tmp_path / "model"
    with pytest.raises(OSError, match="No space") as caught, staged_folder(target) as at:
        at.joinpath("first").write_bytes(bytes(3_000_000))
        with open("/dev/full", "wb") as file:
            file.write(b"second")
    megabytes = re.findall(r"([\d,.]+) MB", caught.value.strerror)
    needed, free = (float(number.replace(",", "")) for number in megabytes)
    assert needed - free == pytest.approx(3.0, abs=0.11)
    assert free == pytest.approx(shutil.disk_usage(tmp_path).free / 1e6, rel=0.1)
    assert caught.value.filename == str(target)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_folder_that_does_not_fit_is_told_once(tmp_path):
    with pytest.raises(OSError) as caught, staged_folder(tmp_path / "model") as at:
        at.joinpath(f".weights.{os.getpid()}.partial").symlink_to("/dev/full")
        write_atomically(at / "weights", bytes(2_000_000))
    assert caught.value.strerror.startswith("No space left on device (at least 2.0 MB needed, ")
    assert caught.value.strerror.count("needed") == 1
    assert caught.value.filename == str(tmp_path / ".model.partial" / "weights")
    assert list(tmp_path.iterdir()) == []
