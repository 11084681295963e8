"""`/preferences` over HTTP: a code, a session, and every setting in the person's own hands."""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app.domain.channel import Channel, Purpose
from app.domain.recipient import Recipient
from app.storage import codes as code_store
from app.storage import recipients as recipient_store
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT
from tests.integration.api.browser import Visitor, signed_in
from tests.integration.api.service import Service


async def test_a_code_opens_the_settings_and_one_switch_ends_at_once(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.get("/preferences")
    assert page.status_code == 200
    assert "+48*****200" in page.text
    answer = await visitor.submit("/preferences/messages", {"on": ["email.delivery", "sms.progress", "email.progress"]})
    assert "Wyłączono" in answer.text
    assert (Channel.SMS, Purpose.DELIVERY) not in await visitor.granted()
