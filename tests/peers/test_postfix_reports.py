"""Postfix takes our mail, passes it on or not, and reports to the address that names the attempt: we read it all."""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.mail_reports import MailReports
from adapters.smtp_email import SmtpEmail, SmtpRelay
from app.domain.message import OutgoingEmail
from app.domain.outcome import Accepted
from app.domain.receipt import MailReport, ReceiptStatus
from app.storage.vault import Vault
from app.usecases.name_attempts import attempt_named, envelope_id, envelope_sender
from tests.doubles.smtp_server import Say, SmtpServer
from tests.integration.api.process import free_port

pytestmark = pytest.mark.peers

VAULT = Vault(bytes(range(32)))
BOUNCES = "bounces@awizo.test"
WAIT_SECONDS = 60.0

# In a directory of its own on loopback: it keeps mailboxes for two domains and passes a third on.
MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/data/log
maillog_file_prefixes = {directory}
virtual_mailbox_base = {directory}/mail
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_host_lookup = native
myhostname = mail.awizo.test
mydestination =
local_transport = error:none
alias_maps =
mynetworks = 127.0.0.0/8
recipient_delimiter = +
virtual_mailbox_domains = awizo.test, example.org
virtual_mailbox_maps = inline:{{ {{bounces@awizo.test=bounces/}}, {{jan@example.org=jan/}} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
relay_domains = remote.test
transport_maps = inline:{{ {{remote.test=relay:[127.0.0.1]:{remote}}} }}
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
relay unix - - n - - smtp
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A running Postfix: where it takes mail, and the mailbox of what comes back."""

    port: int
    mailbox: Path

    async def send(self, to: str) -> UUID:
        """Hand it one message; the attempt that its envelope names."""
        attempt = uuid4()
        mime = f"From: notices@awizo.test\r\nTo: {to}\r\nMessage-ID: <{attempt}@awizo.test>\r\n\r\nhello\r\n"
        message = OutgoingEmail(
            attempt=attempt, envelope_from=envelope_sender(VAULT, BOUNCES, attempt), to=to, mime=mime.encode()
        )
        relay = SmtpRelay.parse(f"smtp://127.0.0.1:{self.port}")
        transport = SmtpEmail(relay, envid=lambda each: envelope_id(VAULT, each))
        try:
            assert isinstance(await transport.send(message), Accepted)
        finally:
            await transport.close()
        return attempt

    async def report(self) -> MailReport:
        """The first report that comes back."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not (arrived := list((self.mailbox / "new").glob("*"))):  # noqa: ASYNC110 – another process writes it
                await asyncio.sleep(0.1)
        report = MailReports().parse(arrived[0].read_bytes())
        assert report is not None
        return report


def laid_out(port: int, remote: int) -> Path:
    """A new directory with all that Postfix needs, below the system's own: its processes give up root's rights."""
    directory, owner = Path(tempfile.mkdtemp(prefix="postfix-")), pwd.getpwnam("postfix")
    directory.chmod(0o755)
    for name in ("etc", "queue", "data", "mail"):
        (directory / name).mkdir()
    for name in ("data", "mail"):
        os.chown(directory / name, owner.pw_uid, owner.pw_gid)
    main = MAIN.format(directory=directory, uid=owner.pw_uid, gid=owner.pw_gid, remote=remote)
    (directory / "etc" / "main.cf").write_text(main)
    (directory / "etc" / "master.cf").write_text(MASTER.format(port=port))
    return directory


@asynccontextmanager
async def mail_server(remote: SmtpServer) -> AsyncIterator[MailServer]:
    """Postfix in a directory of its own, started by root, as it demands; it passes mail for remote.test to `remote`."""
    program = shutil.which("postfix", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program, "Postfix is not installed: on Debian, apt-get install postfix"
    port = free_port()
    directory = laid_out(port, SmtpRelay.parse(remote.url).port)

    async def command(what: str) -> None:
        arguments = [program, "-c", str(directory / "etc"), what]
        await asyncio.to_thread(subprocess.run, arguments, check=True, capture_output=True, timeout=WAIT_SECONDS)

    try:
        await command("start")
        try:
            yield MailServer(port=port, mailbox=directory / "mail" / "bounces")
        finally:
            await command("stop")
    finally:
        shutil.rmtree(directory)


async def reported(to: str, *, refusing: str | None = None) -> tuple[MailReport, bool]:
    """What comes back of a message to that address, and whether every name in it is ours for the attempt."""
    async with SmtpServer(extensions=()) as remote:
        if refusing is not None:
            remote.at("rcpt", Say(reply=refusing))
        async with mail_server(remote) as server:
            attempt = await server.send(to)
            report = await server.report()
    return report, {attempt_named(VAULT, name) for name in report.names} == {attempt}


async def test_what_was_put_into_a_mailbox_is_reported_delivered() -> None:
    report, ours = await reported("jan@example.org")
    assert ours
    assert (report.status, report.code, report.bounced) == (ReceiptStatus.DELIVERED, "2.0.0", False)


async def test_what_was_passed_on_to_a_server_without_reports_is_reported_relayed() -> None:
    report, ours = await reported("eva@remote.test")
    assert ours
    assert (report.status, report.code) == (ReceiptStatus.PROGRESS, "relayed")


@pytest.mark.parametrize(
    ("refusing", "code", "bounced"),
    [("550 5.1.1 no such user", "5.1.1", True), ("552 5.2.2 mailbox full", "5.2.2", False)],
)
async def test_what_the_next_server_refused_is_reported_failed_with_its_code(
    refusing: str, code: str, bounced: bool
) -> None:
    report, ours = await reported("eva@remote.test", refusing=refusing)
    assert ours
    assert (report.status, report.code, report.bounced) == (ReceiptStatus.FAILED, code, bounced)
