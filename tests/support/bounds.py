"""Bounds of a send that are shorter than the real ones, and still roomy for a busy machine.

The crash tests scale them further down; there a process that gets no processor time for half a second opens intents and
never starts a request.
"""

ROOMY = {
    "FRESH_S": 3, "GAP_S": 1, "ANSWER_S": 3, "ACCEPT_S": 1, "VISIBLE_S": 1, "QUARANTINE_S": 10, "SWEEP_S": 0.5,
}  # fmt: skip


def roomy(*channels: str) -> dict[str, str]:
    """These bounds, as settings of `SMS`, `X`."""
    return {f"TOCSIN_{channel}_{name}": str(value) for channel in channels for name, value in ROOMY.items()}
