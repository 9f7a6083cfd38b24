"""A real PostgreSQL server of this machine's own package, in a temporary folder, to be stopped and killed at will."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from services.cli.kafka.settings import free_port

#: Where Debian's and Homebrew's packages, and others by the PATH, keep the server.
PLACES = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin")
INSTALL = "Debian: sudo apt-get install postgresql (as root `make test` does it); macOS: brew install postgresql"
USER = "tocsin"
NOBODY = "postgres"
START_S = 60


#: The settings that say where a store lies.
STORES = (
    "AGENCY_DATABASE", "INTAKE_DATABASE", "COMPOSE_DATABASE", "APPROVE_DATABASE", "AUDIENCE_DATABASE", "X_DATABASE",
    "SMS_DATABASE", "RECEIPTS_DATABASE", "RECORD_DATABASE", "PHONEBOOK",
)  # fmt: skip


class PostgresUnavailableError(Exception):
    """There is no server's program here; the sentence says how to get one."""


def find_programs() -> Path:
    """The folder of `initdb` and `postgres`, the newest first."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    for pattern in PLACES:
        found += sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            _check_that_nobody_may_run(folder / "initdb")
            return folder
    message = f"no initdb in {', '.join(PLACES)} or on the PATH. {INSTALL}"
    raise PostgresUnavailableError(message)


def _check_that_nobody_may_run(program: Path) -> None:
    """The server refuses root, and whom root runs it as may be kept out, at worst of the root folder itself."""
    if os.geteuid() != 0:
        return
    try:
        subprocess.run([program, "--version"], user=NOBODY, check=True, capture_output=True, cwd="/")
    except (OSError, KeyError, ValueError, subprocess.CalledProcessError) as error:
        closed = [str(folder) for folder in program.parents if not folder.stat().st_mode & stat.S_IXOTH]
        how = f"; others may not enter {closed[-1]}: chmod a+x {closed[-1]}" if closed else f" ({error})"
        message = f"root has {program} run as the user {NOBODY}, who may not{how}"
        raise PostgresUnavailableError(message) from error


def _version(folder: Path) -> float:
    name = folder.parent.name.removeprefix("postgresql@")
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


class Postgres:
    """One server on loopback. It refuses to run as root, so root runs it as the package's own user."""

    def __init__(self, folder: Path) -> None:
        """Make a cluster in `folder`, which must be reachable for the user that runs it."""
        self.folder, self.port = folder, free_port()
        self._programs = find_programs()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "log"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            user = pwd.getpwnam(NOBODY)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._run("initdb", "-D", str(self.folder / "cluster"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGINT)

    def url(self, schema: str | None = None) -> str:
        """The URL of a schema of this server."""
        more = f"?schema={schema}" if schema else ""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/postgres{more}"

    def stores(self) -> dict[str, str]:
        """Settings with which every store is on this server, each in its own schema by default."""
        return {f"TOCSIN_{store}_URL": self.url() for store in STORES}

    def rows(self, schema: str, query: str) -> list[tuple[Any, ...]]:
        """What a query finds in a schema, over a connection of its own."""
        address = self.url() + f"?options=-csearch_path%3D{schema}"
        engine = sa.create_engine(address, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [
            str(self._programs / "postgres"), "-D", str(self.folder / "cluster"), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}",
            "-c", "max_connections=200",
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, user=self._user())
        end = time.monotonic() + START_S
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > end:
                message = f"PostgreSQL did not start: {self._log.read_text(errors='replace')[-2000:]}"
                raise AssertionError(message)
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop it: SIGINT cuts every connection (a fast shutdown), SIGQUIT does not even tidy up."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def restart(self, number: int = signal.SIGINT) -> None:
        """Stop it, and start it on the same port."""
        self.stop(number)
        self.start()

    def lose(self) -> None:
        """Its disk is lost: a new and empty server stands in its place, on the same port."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder / "cluster")
        self.__enter__()

    def answers(self) -> bool:
        """Whether it takes connections."""
        engine = sa.create_engine(self.url(), connect_args={"connect_timeout": 2}, poolclass=sa.NullPool)
        try:
            with engine.connect():
                return True
        except sa.exc.OperationalError:
            return False
        finally:
            engine.dispose()

    def _run(self, program: str, *words: str) -> None:
        result = subprocess.run(
            [str(self._programs / program), *words], cwd=self.folder, user=self._user(), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if result.returncode:
            raise AssertionError(f"{program} failed: {result.stderr[-2000:]}")

    @staticmethod
    def _user() -> str | None:
        return NOBODY if os.geteuid() == 0 else None
