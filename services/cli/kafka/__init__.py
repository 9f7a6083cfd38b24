"""Apache Kafka without Docker: one KRaft node as a child process, from PyPI and Maven Central alone.

For the demo, the tests and machines without containers; production has its own cluster. Recipe and settings were
measured on Apache Kafka 4.3.1.
"""

from services.cli.kafka.broker import Kafka
from services.cli.kafka.errors import KafkaError, KafkaUnavailableError
from services.cli.kafka.jars import ensure_jars
from services.cli.kafka.java import find_java

__all__ = ["Kafka", "KafkaError", "KafkaUnavailableError", "ensure_jars", "find_java"]
