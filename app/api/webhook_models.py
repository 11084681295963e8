"""What endpoints of other systems are registered with, and how they are shown."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonValue

from app.api.event_fields import Name
from app.api.views import moment
from app.domain.webhook import WebhookEvent, WebhookType, failure_words
from app.domain.webhook_address import URL_LENGTH_MAX
from app.storage.webhooks import Webhook, WebhookState, WebhookTest

CURSOR_EXAMPLE = "2026h2-000000004711"
_ID = "019ac2f6-5a00-7c3e-9d1b-3f6f0f4f2a10"
_SECRET_EXAMPLE = "whsec_b7wSnXC1aV1XNekltHkVoC6teINZZOEvrAF5ccFEZno="  # noqa: S105 – opens nothing

EVENT_EXAMPLE: dict[str, JsonValue] = {
    "id": "evt_019ac2f65a007c3e9d1b3f6f0f4f2a11",
    "type": "notification.delivered",
    "timestamp": "2026-11-23T10:42:07.120Z",
    "data": {
        "cursor": CURSOR_EXAMPLE,
        "operator": "poczta-polska",
        "fact": "019ac2f6-5a00-7c3e-9d1b-3f6f0f4f2a11",
        "notification": "019ac2f6-4d00-7b1a-8e2c-5a9d3c1b7f20",
        "kind": "notice_left",
        "channel": "sms",
        "recipient": "customer-4711",
        "shipments": ["00759007734123456789"],
        "attempt": 1,
        "provider": "twilio",
        "code": "delivered",
        "via": "callback",
        "claimed_at": "2026-11-23T10:42:06.000Z",
    },
}

TypeName = Literal[
    "notification.sent",
    "notification.delivered",
    "notification.failed",
    "notification.suppressed",
    "recipient.disputed",
    "shipment.anomaly",
    "consent.changed",
]
Cursor = Annotated[str, StringConstraints(max_length=40)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class WebhookData(_Strict):
    """An endpoint: whose events, where to, and of which types; without `events` of all.

    `url` is https on port 443 or 8443 of a public host, given by its name in ASCII, without user name and fragment.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "operator": "poczta-polska",
                    "url": "https://crm.example.com/hooks/awizo",
                    "events": ["notification.delivered", "notification.failed"],
                    "description": "Customer service",
                }
            ]
        },
    )

    operator: Name
    url: Annotated[str, StringConstraints(min_length=1, max_length=URL_LENGTH_MAX)]
    events: Annotated[list[TypeName], Field(min_length=1, max_length=len(WebhookType))] | None = None
    description: Annotated[str, StringConstraints(max_length=200)] = ""


class EnableData(_Strict):
    """From where an endpoint is told again: `stopped`, of all that it missed, or `now`."""

    model_config = ConfigDict(strict=True, extra="forbid", json_schema_extra={"examples": [{"from": "stopped"}]})

    begin: Annotated[Literal["stopped", "now"], Field(alias="from")]


class ReplayData(_Strict):
    """Behind which cursor everything is told once more."""

    model_config = ConfigDict(strict=True, extra="forbid", json_schema_extra={"examples": [{"after": CURSOR_EXAMPLE}]})

    after: Cursor


class HealthView(BaseModel):
    """How calls went: `waiting` events must still be told, and whatever lies behind the endpoint's cursor.

    `last_failure` is a code (`status_503`, `timeout`, `unreachable`, `certificate`, `unresolved`, `address_refused`,
    `protocol`), `last_failure_detail` the same in words. Nothing has arrived since `failing_since`.
    """

    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None
    last_failure_detail: str | None
    failing_since: datetime | None
    waiting: int


class TestView(BaseModel):
    """The last test event and what came of it."""

    id: str
    asked_at: datetime
    state: Literal["waiting", "delivered", "failed"]
    ended_at: datetime | None
    failure: str | None
    failure_detail: str | None


_WEBHOOK_EXAMPLE: dict[str, JsonValue] = {
    "id": _ID,
    "operator": "poczta-polska",
    "url": "https://crm.example.com/hooks/awizo",
    "description": "Customer service",
    "events": ["notification.delivered", "notification.failed"],
    "state": "enabled",
    "why": None,
    "created_at": "2026-11-23T10:00:00Z",
    "cursor": CURSOR_EXAMPLE,
    "previous_secret_until": None,
    "health": {
        "last_success_at": "2026-11-23T10:42:08Z",
        "last_failure_at": "2026-11-22T03:11:00Z",
        "last_failure": "status_503",
        "last_failure_detail": "the answer was 503",
        "failing_since": None,
        "waiting": 0,
    },
    "test": None,
}


class WebhookView(BaseModel):
    """An endpoint without its secret. `why` it is disabled: `gone` (it answered 410) or `failing`.

    `cursor`: up to where the log was looked at for it.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_WEBHOOK_EXAMPLE]})

    id: str
    operator: str
    url: str
    description: str
    events: list[TypeName]
    state: WebhookState
    why: str | None
    created_at: datetime
    cursor: str
    previous_secret_until: datetime | None
    health: HealthView
    test: TestView | None


class NewWebhookView(WebhookView):
    """The same with the secret, which is shown this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WEBHOOK_EXAMPLE | {"secret": _SECRET_EXAMPLE}]})

    secret: str


class WebhookListView(BaseModel):
    """Endpoints, the oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_WEBHOOK_EXAMPLE]}]})

    items: list[WebhookView]


class TestAskedView(BaseModel):
    """The id that the test event will bear as `webhook-id`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"test": "evt_019ac2f65a007c3e9d1b3f6f0f4f2a12"}]})

    test: str


class EventView(BaseModel):
    """An event as an endpoint gets it: `id` is the header `webhook-id`, the rest the body."""

    model_config = ConfigDict(json_schema_extra={"examples": [EVENT_EXAMPLE]})

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


class EventPageView(BaseModel):
    """Events in the order of the log. `next` is the cursor to go on from, also of an empty page.

    A page can be empty although there is more: go on until `end` is true, and then ask again now and then.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [EVENT_EXAMPLE], "next": CURSOR_EXAMPLE, "end": True}]}
    )

    items: list[EventView]
    next: str
    end: bool


def webhook_view(webhook: Webhook, pending: int) -> dict[str, Any]:
    """An endpoint as it is shown, with so many events that it must still be told of."""
    failure = webhook.last_failure
    return {
        "id": str(webhook.id),
        "operator": webhook.operator,
        "url": webhook.target.url,
        "description": webhook.target.description,
        "events": [type_.value for type_ in WebhookType if type_ in webhook.events],
        "state": webhook.state,
        "why": webhook.why,
        "created_at": webhook.created_at,
        "cursor": str(webhook.place),
        "previous_secret_until": webhook.previous_until,
        "health": {
            "last_success_at": webhook.last_success_at,
            "last_failure_at": webhook.last_failure_at,
            "last_failure": failure,
            "last_failure_detail": failure_words(failure) if failure else None,
            "failing_since": webhook.failing_since,
            "waiting": pending,
        },
        "test": _test_view(webhook.test) if webhook.test else None,
    }


def _test_view(test: WebhookTest) -> dict[str, Any]:
    ended = "delivered" if test.failure is None else "failed"
    return {
        "id": f"evt_{test.id.hex}",
        "asked_at": test.asked_at,
        "state": ended if test.ended_at else "waiting",
        "ended_at": test.ended_at,
        "failure": test.failure,
        "failure_detail": failure_words(test.failure) if test.failure else None,
    }


def event_view(event: WebhookEvent) -> dict[str, Any]:
    """An event as a list shows it."""
    return {"id": event.message_id, "type": event.type, "timestamp": moment(event.at), "data": dict(event.data)}
