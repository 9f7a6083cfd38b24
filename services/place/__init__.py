"""The place that a house speaks for: its jurisdiction, and the contacts that its people are given.

Every room that needs the place reads it here, and nowhere else. Imports pydantic, yaml and `schemas`. Consumes and
produces nothing on Kafka; no side effect.
"""
