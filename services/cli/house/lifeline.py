"""Runs a command that ends when whoever started it does, however that happened, kill -9 included.

The starter holds the writing end of a pipe and says nothing through it; when the starter is gone the kernel closes it,
and this process, which reads the other end, ends the command: SIGTERM, then SIGKILL. Where the kernel can tie a
child to its parent (Linux), the command also dies with this process. Run as a script with the standard library alone,
because it starts before anything else and stays for as long as the command: 9 MB instead of 40.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import FrameType
from typing import IO

PATIENCE = 5.0
"""Seconds between SIGTERM and SIGKILL once the starter is gone."""


def popen(
    command: list[str], *, log: IO[bytes], env: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], int]:
    """Starts `command` on a lifeline from this process, in a session of its own, its output appended to `log`.

    `env` is its whole environment; this process's own by default.

    Returns:
        The lifeline's process, which ends when the command does and hands SIGTERM on to it, and the command's own
        process id. Keep the former: dropping it drops the pipe, and with it the command.

    Raises:
        OSError: The command could not be started; `log` says why.
    """
    guard = subprocess.Popen(  # noqa: S603 - our own script, no shell
        [sys.executable, "-I", "-S", __file__, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=env,
        start_new_session=True,
    )
    assert guard.stdout is not None  # noqa: S101 - a pipe was asked for
    with guard.stdout as answer:
        said = answer.readline()
    if not said:
        guard.wait()
        raise OSError(f"{command[0]} could not be started")
    return guard, int(said)


def main(command: list[str]) -> int:
    """Runs `command` to its end; prints its process id on the first line. Its exit code, or 128 + the signal."""
    child = subprocess.Popen(  # noqa: S603 - the command that we were given, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads yet
    )

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        child.terminate()

    signal.signal(signal.SIGTERM, pass_on)
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # the starter may be gone already; then _watch ends the command
        print(child.pid, flush=True)
    code = child.wait()
    return code if code >= 0 else 128 - code


def _watch(child: subprocess.Popen[bytes]) -> None:
    os.read(0, 1)  # not through sys.stdin: its lock, held here, would abort the interpreter as it ends
    child.terminate()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()


def _die_with_parent() -> None:
    pr_set_pdeathsig = 1  # <sys/prctl.h>
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
