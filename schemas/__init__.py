"""The contract: every record that crosses Kafka, the list of topics, the closed sets of words.

Imports the standard library and pydantic only. Schemas are only added to: see `schemas.base`.
"""
