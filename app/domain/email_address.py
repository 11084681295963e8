"""E-mail addresses in the one form in which they are kept. Nothing is looked up."""

from email_validator import EmailNotValidError, validate_email


def email_address(text: str) -> str | None:
    """The address with its domain in lower-case ASCII (IDNA 2008), the part before the @ as written; None for no such.

    That part is ASCII (no SMTPUTF8), unquoted.
    """
    try:
        # The environment flag lets RFC 2606's `test` through, where trials of an integration are at home.
        address = validate_email(text, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        return None
    return address.ascii_email
