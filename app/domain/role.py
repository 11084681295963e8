"""What one process of a deployment does."""

from enum import StrEnum


class Role(StrEnum):
    """`ALL` is the embedded default: one process that accepts, seals and dispatches."""

    ALL = "all"
    API = "api"
    WORKER = "worker"
