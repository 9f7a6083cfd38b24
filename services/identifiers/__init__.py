"""Identifiers of a person in a text: HIPAA's eighteen where they are tied to one, and small counts in small places.

Imports the standard library, and yaml for its word lists. Consumes and produces nothing on Kafka; no side effect.
"""
