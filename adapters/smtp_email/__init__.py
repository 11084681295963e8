"""E-mail by SMTP."""

from adapters.smtp_email.relay import Security, SmtpRelay
from adapters.smtp_email.transport import SmtpEmail

__all__ = ["Security", "SmtpEmail", "SmtpRelay"]
