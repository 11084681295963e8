"""SMS over HTTP: Twilio."""

from adapters.sms.twilio import TwilioSms
from adapters.sms.twilio_callbacks import TwilioCallbacks

__all__ = ["TwilioCallbacks", "TwilioSms"]
