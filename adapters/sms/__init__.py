"""SMS over HTTP: Twilio, SMSAPI, and any gateway that a file describes."""

from adapters.sms.gateway import HttpGateway
from adapters.sms.gateway_callbacks import GatewayCallbacks
from adapters.sms.gateway_file import Gateway, GatewayFileError, read_gateway
from adapters.sms.smsapi import SmsApi
from adapters.sms.smsapi_callbacks import SmsApiCallbacks
from adapters.sms.twilio import TwilioSms
from adapters.sms.twilio_callbacks import TwilioCallbacks

__all__ = [
    "Gateway",
    "GatewayCallbacks",
    "GatewayFileError",
    "HttpGateway",
    "SmsApi",
    "SmsApiCallbacks",
    "TwilioCallbacks",
    "TwilioSms",
    "read_gateway",
]
