"""The SMS of a notice: no link, and never who sent the item or why; in plain letters GSM-7."""

from app.rendering.sms.areas import speaks_for_all
from app.rendering.sms.composing import render_sms

__all__ = ["render_sms", "speaks_for_all"]
