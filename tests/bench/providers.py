"""Awizo with providers: the settings that name them, and the processes that then accept and send."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tests.bench.deployments import Deployment
from tests.bench.processes import Running, awizo_process

ACCOUNT, TOKEN, SENDER = "AC0", "secret", "Awizo"
EMAIL_FROM = "awizo <notices@awizo.test>"


def sms_through(base_url: str) -> dict[str, str]:
    """The settings that send every SMS to a gateway that speaks Twilio's API."""
    return {
        "AWIZO_SMS_PROVIDERS": "twilio",
        "AWIZO_TWILIO_ACCOUNT_SID": ACCOUNT,
        "AWIZO_TWILIO_AUTH_TOKEN": TOKEN,
        "AWIZO_TWILIO_FROM": SENDER,
        "AWIZO_TWILIO_BASE_URL": base_url,
    }


def email_through(url: str) -> dict[str, str]:
    """The settings that send every e-mail to a relay."""
    return {"AWIZO_EMAIL_PROVIDERS": "smtp", "AWIZO_SMTP_URL": url, "AWIZO_EMAIL_FROM": EMAIL_FROM}


@contextmanager
def service(deployment: Deployment, providers: Mapping[str, str]) -> Iterator[list[Running]]:
    """Everything in one process on SQLite, API and worker apart on PostgreSQL; the first one accepts."""
    with ExitStack() as stack:
        running = [stack.enter_context(awizo_process(deployment, role=deployment.api_role, more=providers))]
        if not deployment.is_sqlite:
            running.append(stack.enter_context(awizo_process(deployment, role="worker", more=providers)))
        yield running


@contextmanager
def worker(deployment: Deployment, providers: Mapping[str, str]) -> Iterator[Running]:
    """The process that sends; on SQLite it is the one that does everything."""
    role = "all" if deployment.is_sqlite else "worker"
    with awizo_process(deployment, role=role, more=providers) as running:
        yield running
