"""The one error of this folder."""


class KafkaError(Exception):
    """Kafka could not be had, started or stopped. The message is for a person: what happened, and what to do."""
