"""Settings of which each may also come from a file: `TOCSIN_X_TOKEN_FILE=/run/secrets/x`."""

import os
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

PREFIX = "TOCSIN_"
FILE = "_FILE"


class FileSettings(BaseSettings):
    """Read from the environment, then from the files that `…_FILE` names."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was given in code, the environment, files; nothing else."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _Files(settings_cls)


class _Files(PydanticBaseSettingsSource):
    """Values out of the files that `<NAME>_FILE` names."""

    def get_field_value(self, field: object, field_name: str) -> tuple[Any, str, bool]:
        """The stripped text of the file, or nothing."""
        del field
        prefix = self.config.get("env_prefix", "")
        path = os.environ.get(f"{prefix}{field_name}{FILE}".upper())
        return (Path(path).read_text().strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All values that files give."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}
