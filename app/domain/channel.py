"""The ways a message can travel, and the purposes a person can consent to."""

from enum import StrEnum


class Channel(StrEnum):
    """How a message reaches a person."""

    SMS = "sms"
    EMAIL = "email"


class Purpose(StrEnum):
    """What a person can agree to be told about; `SERVICE` messages need no consent and speak of no shipment."""

    DELIVERY = "delivery"
    PROGRESS = "progress"
    INCIDENT = "incident"
    SERVICE = "service"
