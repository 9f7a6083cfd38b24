"""Settings of the command line itself; every option that has a variable says so in its own help."""

from pydantic import Field
from pydantic_settings import BaseSettings

from services.runtime.settings import room_config


class CliSettings(BaseSettings):
    """`TOCSIN_CLI_...`."""

    model_config = room_config("CLI")

    trace: bool = Field(default=False, description="true shows the traceback of a mistake in tocsin itself")
