"""What helps a room that is not ready, by the sentence that it says itself. Pure."""

#: What helps, by words of the sentence: the first that stand in it count.
_CURES = (
    ("refuses the credentials",
     "renew them and start the room again: what is planned waits for that, and is sent within half a minute of it"),
    ("answers with status", "its trouble, not ours: see its status page; what is planned waits"),
    ("not been probed", "ask again in a few seconds"),
    ("store is away",
     "is its disk full, its PostgreSQL away, or has another process its file ({store}: fuser or lsof names it)?"),
    ("no partitions assigned",
     "ask again in a minute; if it stays: tocsin kafka status, and does another process have its TOCSIN_REPLICA?"),
    ("Kafka at", "see what is said here of kafka"),
)  # fmt: skip
_ELSE = "deploy/runbook.md#tocsinroomnotready"


def cure(room: str, sentence: str, home: str) -> str:
    """What to type or to look at first."""
    found = next((then for words, then in _CURES if words in sentence), _ELSE)
    return found.format(store=f"{home}/{room.replace('/', '-')}.db")
