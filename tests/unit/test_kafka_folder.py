"""The embedded Kafka takes only folders that are its own, and says why it refuses others."""

from pathlib import Path

import pytest

from deploy.servers import ServerError
from deploy.servers.kafka_folder import CLUSTER_ID, check, holder, prepare, read_properties


def a_folder(path: Path, **identity: str) -> Path:
    (path / "log").mkdir(parents=True)
    lines = {"version": "1", "node.id": "1", "cluster.id": CLUSTER_ID, **identity}
    (path / "log" / "meta.properties").write_text("#\n" + "".join(f"{k}={v}\n" for k, v in lines.items()))
    return path


def test_own_and_new_folders_are_taken(tmp_path: Path) -> None:
    check(a_folder(tmp_path / "own"))
    check(tmp_path / "new")


def test_folder_of_another_cluster_is_refused_by_its_id(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"another Kafka cluster \(hnkdP0WHSGmt971OS5csOg\)"):
        check(a_folder(tmp_path, **{"cluster.id": "hnkdP0WHSGmt971OS5csOg"}))


@pytest.mark.parametrize("identity", [{"version": "0"}, {"node.id": "4"}])
def test_folder_of_another_format_or_node_is_refused(tmp_path: Path, identity: dict[str, str]) -> None:
    with pytest.raises(ServerError, match="another kind of Kafka"):
        check(a_folder(tmp_path, **identity))


def test_log_folder_without_identity_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()

    with pytest.raises(ServerError, match="another kind of Kafka"):
        check(tmp_path)


def test_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")

    with pytest.raises(ServerError, match=r"holds other things \(thesis\.txt\)"):
        check(tmp_path)


def test_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "kafka").write_text("")

    with pytest.raises(ServerError, match="is a file"):
        check(tmp_path / "kafka")


def test_lock_nobody_holds_has_no_holder(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("")

    assert holder(tmp_path / ".lock") is None
    assert holder(tmp_path / "none") is None


def test_properties_are_read_without_comments(tmp_path: Path) -> None:
    (tmp_path / "a.properties").write_text("# a=b\n\ncolour = green\npath=x=y\n")

    assert read_properties(tmp_path / "a.properties") == {"colour": "green", "path": "x=y"}


def test_path_with_other_letters_is_escaped_as_java_reads_it(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "café 🛍")

    properties = read_properties(prepare(folder, port=1, controller_port=2, java=[]))

    assert properties["log.dirs"] == f"{tmp_path}/caf\\u00e9 \\ud83d\\udecd/log"


def test_path_with_a_comma_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="no folder with a comma"):
        prepare(a_folder(tmp_path / "a,b"), port=1, controller_port=2, java=[])


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ServerError, match="cannot be written: Not a directory"):
        prepare(tmp_path / "file" / "kafka", port=1, controller_port=2, java=[])


def test_failing_storage_tool_is_quoted_without_its_stack_and_leaves_nothing(tmp_path: Path) -> None:
    tool = ["sh", "-c", "printf 'no room left\\n\\tat kafka.Tool\\n' >&2; exit 1"]

    with pytest.raises(ServerError, match=r"could not format .*:\nno room left$"):
        prepare(tmp_path / "kafka", port=1, controller_port=2, java=tool)

    assert list((tmp_path / "kafka").iterdir()) == []
