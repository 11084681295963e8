"""Reports as mail servers write them, each about a message whose envelope we named."""

VERP = "bounces+aaaa"
BOUNCES_TO = f"{VERP}@awizo.example"
ENVELOPE_ID = "0190a3c5-7f00-7abc-8def-0123456789ab.00112233445566778899aabbccddeeff"
DATE = "Mon, 23 Nov 2026 11:42:07 +0100"


def postfix(
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <jan@example.org>: Recipient address rejected: User unknown",
    *,
    envelope_id: str | None = ENVELOPE_ID,
    original: str = "jan@example.org",
    final: str = "jan@example.org",
    bounces_to: str = BOUNCES_TO,
    date: str = DATE,
    more: str = "",
) -> bytes:
    """A notification in the form of Postfix; `more` are further groups of fields."""
    named = f"Original-Envelope-Id: {envelope_id}\n" if envelope_id else ""
    return f"""\
Return-Path: <>
Delivered-To: {bounces_to}
Received: by mail.awizo.example (Postfix)
\tid 4Zq1sB0pLxz9t; Mon, 23 Nov 2026 11:42:07 +0100 (CET)
Date: {date}
From: MAILER-DAEMON@mail.awizo.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {bounces_to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4Zq1sB0pLxz9s.1763894527/mail.awizo.example"
Content-Transfer-Encoding: 8bit
Message-Id: <4Zq1sB0pLxz9t@mail.awizo.example>

This is a MIME-encapsulated message.

--4Zq1sB0pLxz9s.1763894527/mail.awizo.example
Content-Description: Notification
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

This is the mail system at host mail.awizo.example.

<{original}>: what became of it

--4Zq1sB0pLxz9s.1763894527/mail.awizo.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.awizo.example
{named}X-Postfix-Queue-ID: 4Zq1sB0pLxz9s
X-Postfix-Sender: rfc822; {bounces_to}
Arrival-Date: Mon, 23 Nov 2026 11:42:06 +0100 (CET)

Final-Recipient: rfc822; {final}
Original-Recipient: rfc822;{original}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.org
Diagnostic-Code: {diagnostic}
{more}
--4Zq1sB0pLxz9s.1763894527/mail.awizo.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: awizo <notices@awizo.example>
To: {original}
Subject: List polecony czeka

--4Zq1sB0pLxz9s.1763894527/mail.awizo.example--
""".encode()


def exim(bounces_to: str = BOUNCES_TO) -> bytes:
    """A bounce in the form of Exim's, from before it spoke RFC 3464."""
    return f"""\
Return-path: <>
Envelope-to: {bounces_to}
X-Failed-Recipients: jan@example.org
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.org>
To: {bounces_to}
Subject: Mail delivery failed: returning message to sender
Date: {DATE}

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  jan@example.org
    mailbox is full: retry timeout exceeded
""".encode()


QMAIL = f"""\
Return-Path: <>
Delivered-To: {BOUNCES_TO}
Date: {DATE}
From: MAILER-DAEMON@mx.example.org
To: {BOUNCES_TO}
Subject: failure notice

Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<jan@example.org>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <{BOUNCES_TO}>
""".encode()

OUT_OF_OFFICE = f"""\
Return-Path: <>
Date: {DATE}
From: Jan Kowalski <jan@example.org>
To: {BOUNCES_TO}
Subject: Re: List polecony czeka
Auto-Submitted: auto-replied

I am away until Monday and read your message then.
""".encode()
