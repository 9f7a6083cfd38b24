"""The errors of this folder; their messages are for a person: what happened, and what to do."""


class KafkaError(Exception):
    """Kafka could not be started or stopped."""


class KafkaUnavailableError(KafkaError):
    """This machine has no Java or cannot reach the jars, which is the machine's fault and not the project's."""
