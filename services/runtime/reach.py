"""Whether Kafka lets this room in, as a sentence for whoever asks what it waits for."""

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

REFUSALS = (ClusterAuthorizationFailedError, GroupAuthorizationFailedError, TopicAuthorizationFailedError)


class Reach:
    """A room's standing with Kafka."""

    def __init__(self, servers: str, user: str | None) -> None:
        """`user` is whom the broker takes this room for, None where it asks nobody."""
        self._servers = servers
        self._who = user or "this room"
        self._says: str | None = None

    def failed(self, error: Exception) -> None:
        """Kafka could not be reached, or has refused something."""
        if isinstance(error, REFUSALS):
            self.refused(str(error.args[0]) if error.args else error.description)
            return
        self._says = (
            f"Kafka at {self._servers} does not answer, or does not let {self._who} in ({type(error).__name__}); "
            "the log says which"
        )

    def refused(self, what: str) -> None:
        """Kafka knows this room, and does not let it do `what`."""
        self._says = f"Kafka refuses {self._who}: {what}; `tocsin doctor` compares its rights with the list"

    def well(self) -> None:
        """Kafka has answered."""
        self._says = None

    def missing(self) -> str | None:
        """A readiness check."""
        return self._says
