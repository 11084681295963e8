"""SMS over HTTP: Twilio and SMSAPI."""

from adapters.sms.smsapi import SmsApi
from adapters.sms.smsapi_callbacks import SmsApiCallbacks
from adapters.sms.twilio import TwilioSms
from adapters.sms.twilio_callbacks import TwilioCallbacks

__all__ = ["SmsApi", "SmsApiCallbacks", "TwilioCallbacks", "TwilioSms"]
