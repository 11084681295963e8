"""Messages that are made to cost a reader of reports time or memory, or to break it."""

from tests.mail_samples import postfix

HEADERS = b"From: a@example.org\nTo: b@awizo.example\nMIME-Version: 1.0\n"
REPORT = HEADERS + b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n"
STATUS_PART = b"--x\nContent-Type: message/delivery-status\n\n"

NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
HOSTILE = {
    "ten thousand parts": REPORT + STATUS_PART * 10_000,
    "ten thousand empty parts": REPORT + b"--x\n\n" * 10_000,
    "parts in parts": HEADERS + NESTED,
    "messages in messages": HEADERS + b"Content-Type: message/rfc822\n\n" * 10_000,
    "groups of fields without end": REPORT + STATUS_PART + b"\n" * 500_000,
    "a header of a megabyte": b"To: " + b"a@b, " * 200_000 + b"\n\n",
    "a hundred thousand headers": b"A: b\n" * 100_000,
    "a folded header of a megabyte": b"To: x" + b"\n x" * 300_000,
    "parameters without end": HEADERS + b"Content-Type: multipart/report" + b"; a*0=b" * 100_000 + b"\n\n",
    "open comments": b"To: " + b"(" * 500_000 + b"\n\n",
    "open quotes": REPORT + STATUS_PART + b'Action: failed\nFinal-Recipient: rfc822; "' + b'\\"' * 100_000,
    "unknown charsets": HEADERS + b"Content-Type: text/plain; charset=\xff\xfe\n\n=?nope?b?====?=",
    "another boundary's charset": HEADERS + b"Content-Type: multipart/report; boundary*=nope''%FF\n\n--x\n",
    "eight bits everywhere": bytes(range(256)) * 4000,
    "NULs in fields": postfix().replace(b"5.1.1", b"5.1\0.1").replace(b"rfc822", b"rfc\x00822"),
    "words that detectors look for": HEADERS + b"\n" + b"here is your list of failed recipients <" * 20_000,
}
