"""Settings from the environment (CASEWORK_*), read at entry points only. Where Temporal is, its own environment
configuration says: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE, ~/.config/temporalio/temporal.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from casework.workflows.names import TASK_QUEUE


class Settings(BaseSettings):
    """What a worker or an operator's command needs to know."""

    model_config = SettingsConfigDict(env_prefix="CASEWORK_", hide_input_in_errors=True)

    database_url: SecretStr | None = Field(default=None, description="postgresql://user:password@host:port/database")
    packs: Annotated[list[Path], NoDecode] = Field(
        default=[], description="pack files or folders, separated by ':'; first is for new cases"
    )
    task_queue: str = TASK_QUEUE
    channels: Annotated[list[str], NoDecode] = Field(
        default=["console"], description="how people are told, separated by ',', the first choice first: console, smtp, line …"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_cached_cases: int = Field(default=1000, gt=0)

    @field_validator("channels", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("packs", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        return [Path(part) for part in value.split(":") if part] if isinstance(value, str) else value
