"""How this process shows Kafka who it is: protocol, user and password, and whom it believes.

A broker that asks nobody is for one machine. In production each room is a user of its own, and the broker's ACLs
(`tocsin kafka acls`) say what it may read and write. The words are Kafka's own
(https://kafka.apache.org/documentation/#security).
"""

import ssl
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.file_settings import PREFIX, FileSettings

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaAccess(FileSettings):
    """`TOCSIN_KAFKA_…`: the same for every connection that a process makes."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    kafka_protocol: Protocol = Field(
        "PLAINTEXT", description="PLAINTEXT asks nobody who he is (one machine only), SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_mechanism: Mechanism = Field(
        "SCRAM-SHA-512", description="how the password is proved: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN (SASL_SSL only)"
    )
    kafka_user: str | None = Field(None, description="this room's user on the broker, see `tocsin kafka acls`")
    kafka_password: SecretStr | None = Field(None, description="its password; better from a file (…_FILE)")
    kafka_ca: Path | None = Field(
        None, description="PEM file of the authorities that signed the broker's certificate; else the system's"
    )

    @field_validator("kafka_ca")
    @classmethod
    def _is_there(cls, ca: Path | None) -> Path | None:
        if ca is not None and not ca.is_file():
            raise ValueError("there is no such file; it must name a PEM file of certificates")
        return ca

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        given = self.kafka_user is not None and self.kafka_password is not None
        if self.asks_for_user and not given:
            raise ValueError(
                f"TOCSIN_KAFKA_PROTOCOL={self.kafka_protocol} needs TOCSIN_KAFKA_USER and TOCSIN_KAFKA_PASSWORD (or "
                "TOCSIN_KAFKA_PASSWORD_FILE)"
            )
        if self.kafka_user is not None and not self.asks_for_user:
            raise ValueError(
                f"TOCSIN_KAFKA_USER is set, but TOCSIN_KAFKA_PROTOCOL={self.kafka_protocol} asks nobody who he is; set "
                "it to SASL_SSL"
            )
        if self.kafka_protocol == "SASL_PLAINTEXT" and self.kafka_mechanism == "PLAIN":
            raise ValueError("PLAIN over SASL_PLAINTEXT sends the password in clear; use SCRAM-SHA-512, or SASL_SSL")
        return self

    @property
    def asks_for_user(self) -> bool:
        """Whether the broker is told a user: without one there is nobody whom an ACL could name."""
        return self.kafka_protocol.startswith("SASL_")

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What checks the broker's certificate and name, or None without TLS."""
        if not self.kafka_protocol.endswith("SSL"):
            return None
        return ssl.create_default_context(cafile=str(self.kafka_ca) if self.kafka_ca else None)

    @property
    def password(self) -> str:
        """The password in clear, for a client's arguments."""
        return self.kafka_password.get_secret_value() if self.kafka_password else ""

    def arguments(self) -> dict[str, Any]:
        """What every aiokafka client takes."""
        found: dict[str, Any] = {"security_protocol": self.kafka_protocol, "ssl_context": self.tls}
        if self.asks_for_user:
            found |= {
                "sasl_mechanism": self.kafka_mechanism,
                "sasl_plain_username": self.kafka_user,
                "sasl_plain_password": self.password,
            }
        return found


#: A broker that asks nobody, whatever the environment says.
OPEN = KafkaAccess.model_construct()
