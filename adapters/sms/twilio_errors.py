"""Twilio's error codes (https://www.twilio.com/docs/api/errors) and what each says of a message."""

from collections.abc import Mapping

from adapters.sms.verdict import Verdict

# In 4xx answers to Messages.create. All others, listed or not, are temporary.
VERDICTS: Mapping[int, Verdict] = {
    10001: Verdict.PAUSE,  # account is not active
    20003: Verdict.PAUSE,  # authentication failed
    20005: Verdict.PAUSE,  # account is not active
    20404: Verdict.PAUSE,  # the account in the path does not exist
    20429: Verdict.TEMPORARY,  # too many requests
    21211: Verdict.HARD,  # To is not a valid phone number
    21212: Verdict.TEMPORARY,  # From is not a valid phone number
    21217: Verdict.HARD,  # To does not appear to be valid
    21219: Verdict.TEMPORARY,  # To is not verified (trial account)
    21265: Verdict.HARD,  # To is a short code
    21266: Verdict.PERMANENT,  # To and From are the same
    21408: Verdict.TEMPORARY,  # this account may not send to that region: a console setting
    21602: Verdict.PERMANENT,  # no body
    21604: Verdict.PERMANENT,  # no To
    21606: Verdict.TEMPORARY,  # From cannot send to this destination
    21608: Verdict.TEMPORARY,  # To is not verified (trial account)
    21610: Verdict.PERMANENT,  # the recipient has replied STOP to Twilio: the number itself is good
    21611: Verdict.TEMPORARY,  # From has too many queued messages
    21612: Verdict.TEMPORARY,  # this To cannot be reached from this From
    21614: Verdict.HARD,  # To cannot receive SMS
    21617: Verdict.PERMANENT,  # body longer than 1,600 characters
    21619: Verdict.PERMANENT,  # no body
    21635: Verdict.HARD,  # To is a landline
    21659: Verdict.TEMPORARY,  # From is not a Twilio number
    21660: Verdict.TEMPORARY,  # From belongs to another account
    21661: Verdict.TEMPORARY,  # From cannot send SMS
    30001: Verdict.TEMPORARY,  # queue overflow
    60728: Verdict.TEMPORARY,  # hourly limit of the account
    63038: Verdict.TEMPORARY,  # daily limit of the account
}

# In status callbacks of failed messages: 30005 is a number unknown to its operator, or no longer in service; 30006 a
# landline. 30003, a phone that is switched off, is none of them.
HARD_FAILURES = frozenset({"21211", "21217", "21265", "21614", "21635", "30005", "30006"})
