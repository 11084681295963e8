"""The settings that a witness shares with the service; it needs no other."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.settings import SettingsError


class WitnessSettings(BaseSettings):
    """`AWIZO_DATA_DIR` and `AWIZO_LOG_LEVEL`, from the environment or `.env`."""

    model_config = SettingsConfigDict(env_prefix="AWIZO_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Path("./var/witness")
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load_witness_settings() -> WitnessSettings:
    """The settings of this process. Raises SettingsError with one sentence that names the bad one."""
    try:
        return WitnessSettings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise SettingsError(f"AWIZO_{str(first['loc'][0]).upper()} {first['msg']}.") from None
