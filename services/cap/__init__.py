"""CAP bytes to the CapAlert model and back, as XML or as JSON. Reads and writes; judges nothing.

Imports lxml and `schemas`. Consumes and produces nothing on Kafka; no side effect.
"""
