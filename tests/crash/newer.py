"""The next version of the code, made from this one: every record has one more field, every store one more column.

It is what a real next version may do without a new major: fields that readers of this version ignore, columns and
indexes that this version neither sees nor needs (`services.runtime.structure`).
"""

import re
import shutil
from pathlib import Path

from tests.support.code import REPOSITORY

PARTS = ("schemas", "services", "templates", "deploy")
FIELD = "upgraded"
#: One table of each store that takes part, and the name that its module has for it: such whose rows no class mirrors.
TABLES = {
    "services/intake/store.py": ("citations", "CITATIONS"),
    "services/compose/store.py": ("alerts", "ALERTS"),
    "services/approve/tables.py": ("decisions", "decisions"),
    "services/audience/tables.py": ("broadcast", "broadcast"),
    "services/dispatch/tables.py": ("delivery", "delivery"),
    "services/receipts/store.py": ("told", "told"),
    "services/record/tables.py": ("delivery", "delivery"),
    "services/phonebook/tables.py": ("subscriber", "subscriber"),
}


def make(folder: Path) -> Path:
    """Write the next version into `folder`; where rooms are started from."""
    for part in PARTS:
        shutil.copytree(REPOSITORY / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    version = '    schema_version: ClassVar[str] = "1.0"\n'
    _change(folder / "schemas/base.py", version, version.replace("1.0", "1.1") + f'    {FIELD}: str = "yes"\n')
    structure = folder / "services/runtime/structure.py"
    _change(structure, r"(STRUCTURE, OLDEST) = (\d+), (\d+)", r"\1 = 1\2, \3")
    for file, (_, name) in TABLES.items():
        with (folder / file).open("a") as module:
            column = f'sa.Column("{FIELD}", sa.String, nullable=False, server_default="yes", index=True)'
            module.write(f"\n{name}.append_column({column})\n")
    return folder


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    pattern = old if old.startswith("(") else re.escape(old)
    changed, times = re.subn(pattern, new, text)
    if times != 1:
        raise AssertionError(f"{path} has changed: {times} places to change in place of one")
    path.write_text(changed)
