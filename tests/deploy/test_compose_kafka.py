"""The start of Compose's Kafka: not on a full disk, where a broker cuts its own logs off. The snippet really runs."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.cli.kafka.broker import ROOM_BYTES
from tests.deploy.composed import SERVICES

KAFKA = SERVICES["kafka"]
DATA = KAFKA["environment"]["KAFKA_LOG_DIRS"]
#: What the image starts by itself (apache/kafka, docker/jvm/Dockerfile: CMD); its entrypoint stays in front.
ENTRY = "/etc/kafka/docker/run"
ENOUGH_KIB = -(-ROOM_BYTES // 1024)
#: As of POSIX's -P, which BusyBox's keeps to.
DF = """#!/bin/sh
echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
echo "/dev/vda1 1000000 0 $(cat {free}) 1% /var/lib/kafka/data"
"""


@dataclass
class Container:
    """The snippet with programs of this test before those of the machine."""

    folder: Path

    def program(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def free(self, kib: int | str) -> Path:
        """So much is free, by a `df` of this test."""
        path = self.folder / "free"
        path.write_text(str(kib))
        self.program("df", DF.format(free=path))
        return path

    def run(self, data: str = DATA) -> tuple[int, list[str], int]:
        """Its exit status, what it said, and its process."""
        shell, option, snippet = KAFKA["command"]
        entry = self.program("run", "#!/bin/sh\necho started as $$\n")
        assert snippet.count(ENTRY) == 1
        text = snippet.replace("$$", "$").replace(ENTRY, str(entry))  # $$ is Compose's way of writing one
        environment = {"PATH": f"{self.folder}:{os.environ['PATH']}", "KAFKA_LOG_DIRS": data}
        with subprocess.Popen([shell, option, text], env=environment, stdout=subprocess.PIPE, text=True) as started:
            said, _ = started.communicate(timeout=60)
        return started.returncode, said.splitlines(), started.pid


@pytest.fixture
def container(tmp_path: Path) -> Container:
    made = Container(tmp_path)
    made.program("sleep", "#!/bin/sh\nkill -TERM $PPID\n")  # who waits has waited long enough
    return made


def test_the_folder_that_it_asks_about_is_the_brokers_and_a_volume() -> None:
    assert f"kafka:{DATA}" in KAFKA["volumes"]
    assert "entrypoint" not in KAFKA


def test_with_room_it_is_the_images_own_start_under_the_same_process(container: Container) -> None:
    container.free(ENOUGH_KIB)
    status, said, process = container.run()
    assert (status, said) == (0, [f"started as {process}"])


def test_where_there_is_no_room_it_says_so_once_and_starts_when_there_is(container: Container) -> None:
    free = container.free(1023)
    container.program("sleep", f'#!/bin/sh\necho "$@" >>{container.folder}/slept\n'
                      f"[ $(wc -l <{container.folder}/slept) -lt 3 ] || echo {ENOUGH_KIB} >{free}\n")  # fmt: skip
    status, said, process = container.run()
    assert status == 0
    assert said == [
        f"kafka: not started, only 1023 kB are free at {DATA}: make room, it starts by itself", f"started as {process}",
    ]  # fmt: skip
    assert (container.folder / "slept").read_text() == "5\n" * 3


@pytest.mark.parametrize(
    "free", [0, ENOUGH_KIB - 1, "-"], ids=["nothing", "a little less than enough", "no number"]
)  # fmt: skip
def test_while_it_waits_it_can_be_stopped(container: Container, free: int | str) -> None:
    """As the first process of a container it hears no signal that it does not ask for."""
    container.free(free)
    status, [said], _ = container.run()
    assert status == 128 + signal.SIGTERM
    assert "not started" in said


def test_where_nobody_knows_what_is_free_it_waits(container: Container) -> None:
    container.program("df", "#!/bin/sh\nexit 1\n")
    status, [said], _ = container.run()
    assert (status, "only 0 kB" in said) == (128 + signal.SIGTERM, True)


def test_with_the_machines_own_df(container: Container) -> None:
    """/proc is a file system on which nothing is free; the folder of this test has room."""
    if Path("/proc/self").exists():
        assert container.run("/proc")[0] == 128 + signal.SIGTERM
    assert container.run(str(container.folder))[1][0].startswith("started")
