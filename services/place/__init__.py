"""The place that a house speaks for: its jurisdiction, the contacts that its people are given, and who publishes there.

Every room that needs one of these files reads it here, and nowhere else. Imports pydantic, yaml and `schemas`.
Consumes and produces nothing on Kafka; no side effect.
"""
