"""`--sandbox`: where the stand-ins of one realm listen, and which settings point the rooms at them.

Ports are chosen once, before anything starts, so that rooms may start in any order and again at any time.
"""

import secrets
from collections.abc import Mapping

from services.cli.kafka.settings import free_port

HOST = "127.0.0.1"


def sandbox_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The settings that send everything to the stand-ins; what is set already is kept (DESIGN §6: loopback only)."""
    sandbox, receipts = free_port(), free_port()
    token = secrets.token_hex(16)
    stand_in, webhooks = f"http://{HOST}:{sandbox}", f"http://{HOST}:{receipts}"
    settings = {
        "TOCSIN_SANDBOX_PORT": str(sandbox),
        "TOCSIN_SANDBOX_TWILIO_AUTH_TOKEN": token,
        "TOCSIN_SANDBOX_INBOUND_URL": f"{webhooks}/twilio/reply",
        "TOCSIN_RECEIPTS_PUBLIC_PORT": str(receipts),
        "TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN": token,
        "TOCSIN_X_BASE_URL": stand_in,
        "TOCSIN_SMS_BASE_URL": stand_in,
    }
    return {name: value for name, value in settings.items() if name not in given}
