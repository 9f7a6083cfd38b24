"""Every table of this room's store, whichever file says what is kept in it: who makes the store makes them all."""

from services.agency.memory import MESSAGES, STANDINGS
from services.agency.store import METADATA, OUTBOX, POSTS

__all__ = ["MESSAGES", "METADATA", "OUTBOX", "POSTS", "STANDINGS"]
