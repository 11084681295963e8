"""The floors of dispatch: the same messages, made beforehand, handed to the same sinks as fast as the client can."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from urllib.parse import urlencode
from uuid import UUID

import aiohttp
from aiosmtplib import SMTP

from app.rendering.email import EmailEnvelope, render_email
from app.rendering.notice import Notice, Telling, notice_of_event
from app.rendering.sms import render_sms
from tests.bench.load import HOST
from tests.bench.providers import ACCOUNT, EMAIL_FROM, SENDER, TOKEN
from tests.bench.sinks import SmsSink
from tests.bench.traffic import email, phone
from tests.builders import event

_REFERENCE = UUID("019aa5a0-0000-7000-8000-000000000000")
_FROM, _TO = "notices@awizo.test", email(0)
_BASE = "http://127.0.0.1:8000"


async def send_emails(port: int, *, connections: int, seconds: float) -> float:
    """Messages a second of aiosmtplib, one message after the other on each connection."""
    mime = render_email(
        _notice(),
        EmailEnvelope(
            sender=EMAIL_FROM,
            to=_TO,
            message_id=f"<{_REFERENCE}@awizo.test>",
            date=datetime.now(UTC),
            unsubscribe_url=f"{_BASE}/u/{'u' * 43}",
            notice_url=f"{_BASE}/n/{'n' * 43}",
        ),
    ).mime
    clients = [SMTP(hostname=HOST, port=port, start_tls=False) for _ in range(connections)]
    for client in clients:
        await client.connect()
        await client.ehlo()
    try:
        return await _repeat([partial(client.sendmail, _FROM, [_TO], mime) for client in clients], seconds)
    finally:
        for client in clients:
            client.close()


async def post_forms(sink: SmsSink, *, in_flight: int, seconds: float) -> float:
    """Requests a second of aiohttp, each with the form that Twilio takes."""
    form = urlencode(
        {
            "To": phone(0),
            "From": SENDER,
            "StatusCallback": f"{_BASE}/v1/callbacks/twilio/status?a={_REFERENCE}&m={'0' * 32}",
            "ValidityPeriod": 900,
            "Body": render_sms(_notice()).text,
        }
    ).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{sink.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector, auth=aiohttp.BasicAuth(ACCOUNT, TOKEN)) as session:

        async def send() -> None:
            async with session.post(url, data=form, headers=headers) as response:
                if response.status != 201:
                    raise RuntimeError(f"the sink answered {response.status}")
                await response.read()

        return await _repeat([send] * in_flight, seconds)


async def _repeat(sends: list[Callable[[], Awaitable[object]]], seconds: float) -> float:
    """Each over and over until the time is up; how often that was a second, over all of them."""
    done, started = 0, perf_counter()

    async def again(send: Callable[[], Awaitable[object]]) -> None:
        nonlocal done
        while perf_counter() - started < seconds:
            await send()
            done += 1

    await asyncio.gather(*(again(send) for send in sends))
    return done / (perf_counter() - started)


def _notice() -> Notice:
    return notice_of_event(event(at=datetime.now(UTC)), Telling(language="pl", reference=_REFERENCE))
