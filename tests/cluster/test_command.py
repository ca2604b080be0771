"""What a person is told when a program that the cluster needs fails."""

from pathlib import Path

import pytest

from tests.cluster.command import ClusterError, capture, logged, succeeds


def test_a_failed_command_is_told_in_its_own_words() -> None:
    with pytest.raises(ClusterError) as told:
        capture("sh", "-c", "echo no such device >&2; exit 3")
    assert str(told.value) == (
        "`sh -c echo no such device >&2; exit 3` failed.\n"
        "  Where: no such device\n"
        "  What to do: read what it said, and try again."
    )


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ClusterError, match="`no-such-program` is not installed"):
        capture("no-such-program")
    assert not succeeds("no-such-program")


def test_a_command_that_hangs_is_given_up() -> None:
    with pytest.raises(ClusterError, match=r"`sleep 60` did not end within 0 s\."):
        capture("sleep", "60", timeout=0.1)


def test_a_long_command_leaves_a_log_and_is_told_with_its_end(tmp_path: Path) -> None:
    log = tmp_path / "new" / "build.log"
    lines: list[str] = []
    with pytest.raises(ClusterError) as told:
        logged(["sh", "-c", "seq 40; exit 7"], log, on_line=lines.append)
    assert lines == [str(number) for number in range(1, 41)]
    assert log.read_text().splitlines()[1:] == lines
    assert f"{log}, which ends with\n    26\n" in str(told.value)
    assert "exit code 7" in str(told.value)


def test_a_long_command_reads_its_input_from_a_file(tmp_path: Path) -> None:
    given = tmp_path / "given"
    lines: list[str] = []
    given.write_text("one\ntwo\n")
    logged(["cat"], tmp_path / "log", stdin=given, cwd=tmp_path, on_line=lines.append)
    assert lines == ["one", "two"]
