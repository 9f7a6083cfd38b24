"""`--sandbox`: where the stand-ins of one realm listen, and which settings point the rooms at them.

Ports are chosen before anything starts, so that rooms may start in any order and again at any time, and are kept in
the data folder: a callback that the sandbox still owes after a restart finds receipts where it was.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from services.cli.kafka.settings import free_port, is_free
from services.runtime.file_settings import FILE

HOST = "127.0.0.1"


@dataclass(frozen=True)
class StandIns:
    """The sandbox's port, the port of receipts' public door, and made-up credentials."""

    sandbox: int
    receipts: int
    account: str
    service: str
    token: str

    @property
    def platform(self) -> str:
        """The base address of every stand-in, and the page of the phones."""
        return f"http://{HOST}:{self.sandbox}"

    @property
    def webhooks(self) -> str:
        """Where the sandbox calls back."""
        return f"http://{HOST}:{self.receipts}"

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The settings that send everything to the stand-ins; what is set already, itself or as a file, is kept.

        Accounts are marked SANDBOX whatever was set: a room then refuses any address but loopback.
        """
        settings = {
            "TOCSIN_SANDBOX_PORT": str(self.sandbox),
            "TOCSIN_SANDBOX_TWILIO_AUTH_TOKEN": self.token,
            "TOCSIN_SANDBOX_INBOUND_URL": f"{self.webhooks}/twilio/reply",
            "TOCSIN_RECEIPTS_PUBLIC_PORT": str(self.receipts),
            "TOCSIN_RECEIPTS_PUBLIC_URL": self.webhooks,
            "TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN": self.token,
            "TOCSIN_X_BASE_URL": self.platform,
            "TOCSIN_X_TOKEN": self.token,
            "TOCSIN_SMS_BASE_URL": self.platform,
            "TOCSIN_SMS_ACCOUNT_SID": self.account,
            "TOCSIN_SMS_AUTH_TOKEN": self.token,
            "TOCSIN_SMS_MESSAGING_SERVICE_SID": self.service,
            "TOCSIN_SMS_CALLBACK_URL": self.webhooks,
        }
        open_ones = {name: value for name, value in settings.items() if not {name, name + FILE} & given.keys()}
        return open_ones | {"TOCSIN_X_SANDBOX": "true", "TOCSIN_SMS_SANDBOX": "true"}


def stand_ins(home: Path) -> StandIns:
    """Those of one realm's folder: as before where their ports are still free, else on new ones."""
    path = home / "sandbox.json"
    try:
        before = StandIns(**json.loads(path.read_text()))
    except FileNotFoundError:
        before = None
    if before is not None and is_free(before.sandbox) and is_free(before.receipts):
        return before
    account = before.account if before else f"AC{secrets.token_hex(16)}"
    service = before.service if before else f"MG{secrets.token_hex(16)}"
    token = before.token if before else secrets.token_hex(16)
    made = StandIns(free_port(), free_port(), account, service, token)
    _write(path, made)
    return made


def _write(path: Path, made: StandIns) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(made), file)
