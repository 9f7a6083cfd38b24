"""The room where a Broadcast waits for the people whom policy asks.

Consumes broadcasts.composed, broadcasts.held, audiences.estimated, broadcasts.decided, broadcasts.stopped and trust.
Produces approvals, broadcasts.released, broadcasts.withheld and alarms; its side effect is the engine's own signature.
"""
