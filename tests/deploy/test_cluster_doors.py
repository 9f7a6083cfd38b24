"""deploy/kubernetes/doors.sh with a kubectl of this test: where the doors are, and that nothing is left behind."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.cli.settings import CliSettings
from tests.deploy.manifests import KUBERNETES, pods
from tests.support.code import REPOSITORY

SCRIPT = KUBERNETES / "doors.sh"
#: `get pods` names whom the test says; `port-forward` speaks as kubectl does, and stays until it is ended.
KUBECTL = """#!/bin/sh
folder={folder}
printf '%s\n' "$*" >>$folder/asked
case " $* " in
*" get pods "*) cat $folder/pods ;;
*dispatch-x-1*) echo "error: unable to forward port because pod is not running" >&2; exit 1 ;;
*)
  echo $$ >>$folder/processes
  echo "Forwarding from 127.0.0.1:4$(wc -l <$folder/processes | tr -d ' ')001 -> 9100"
  exec sleep 600 ;;
esac
"""


@dataclass
class Cluster:
    """What runs there, and the script beside it."""

    folder: Path

    def runs(self, *pods: str) -> None:
        (self.folder / "pods").write_text("".join(f"{pod}\n" for pod in pods))
        program = self.folder / "kubectl"
        program.write_text(KUBECTL.format(folder=self.folder))
        program.chmod(0o755)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.folder}:{os.environ['PATH']}", "TMPDIR": str(self.folder)}
        return subprocess.run([SCRIPT, *command], env=environment, capture_output=True, text=True, check=False)

    def alive(self) -> list[int]:
        """Processes of the kubectl that still run."""
        listed = [int(line) for line in (self.folder / "processes").read_text().split()]
        return [process for process in listed if Path(f"/proc/{process}").exists()]


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_a_command_is_told_of_every_replica_and_nothing_is_left(cluster: Cluster) -> None:
    cluster.runs("approve-0 approve", "dispatch-x-0 dispatch-x", "approve-1 approve")
    done = cluster.run("sh", "-c", 'echo "$TOCSIN_CLI_DOORS"; exit 4')
    assert (done.returncode, done.stderr) == (4, "")
    doors = CliSettings(doors=done.stdout.strip()).doors_by_room
    assert {room: len(found) for room, found in doors.items()} == {"approve": 2, "dispatch/x": 1}
    assert all(re.fullmatch(r"http://127\.0\.0\.1:4\d001", each) for found in doors.values() for each in found)
    assert cluster.alive() == []
    assert {path.name for path in cluster.folder.iterdir()} == {"asked", "kubectl", "pods", "processes"}


def test_a_pod_that_cannot_be_seen_is_said_and_counts_as_silent(cluster: Cluster) -> None:
    """Left out it would be no room of the house, and `keys rotate --end` would not wait for it."""
    cluster.runs("approve-0 approve", "dispatch-x-1 dispatch-x")
    done = cluster.run("sh", "-c", 'echo "$TOCSIN_CLI_DOORS"')
    assert re.fullmatch(r"approve=http://127\.0\.0\.1:4\d001,dispatch-x=http://127\.0\.0\.1:1", done.stdout.strip())
    assert CliSettings(doors=done.stdout.strip()).doors_by_room["dispatch/x"] == ["http://127.0.0.1:1"]
    assert done.stderr == (
        "doors.sh: dispatch-x-1 cannot be seen: error: unable to forward port because pod is not running\n"
    )


def test_where_no_room_runs_it_says_so(cluster: Cluster) -> None:
    cluster.runs()
    done = cluster.run("true")
    assert (done.returncode, "no room runs in the namespace tocsin" in done.stderr) == (3, True)


def test_without_a_command_it_says_what_to_write(cluster: Cluster) -> None:
    assert cluster.run().returncode == 2


def test_it_asks_for_the_labels_that_the_rooms_have(cluster: Cluster) -> None:
    cluster.runs("approve-0 approve")
    cluster.run("true")
    asked = (cluster.folder / "asked").read_text()
    assert "-n tocsin get pods -l tocsin/room=true -o jsonpath=" in asked
    assert "-n tocsin port-forward pod/approve-0 :9100" in asked
    rooms = {name: pod for name, pod in pods().items() if pod["metadata"]["labels"].get("tocsin/room") == "true"}
    assert {name: pod["metadata"]["labels"]["app.kubernetes.io/name"] for name, pod in rooms.items()} == {
        name: name for name in rooms
    }
    assert r".metadata.labels.app\.kubernetes\.io/name" in SCRIPT.read_text()


def test_whoever_reads_how_to_install_it_finds_it() -> None:
    assert "deploy/kubernetes/doors.sh" in (REPOSITORY / "deploy/kubernetes/overlays/example/yours.md").read_text()
