"""What stands in records, in words: marked for the catalogs, said by whoever shows them."""

from app.rendering.catalog import marked
from app.rendering.statement_pdf.record import Lane

TYPES = {
    "event.accepted": marked("The operator reported what happened to the item"),
    "event.quarantined": marked("A report by the operator was put aside as unusable"),
    "event.replayed": marked("A report that had been put aside was taken up again"),
    "consent.granted": marked("The person agreed to messages"),
    "consent.withdrawn": marked("The person no longer wanted messages"),
    "notification.planned": marked("It was decided to send the message"),
    "notification.held": marked("It was decided to send the message later"),
    "notification.suppressed": marked("It was decided not to send the message"),
    "notification.cancelled": marked("The message was called off"),
    "notification.expired": marked("The message had become too old to send"),
    "notification.failed": marked("The message could not be delivered"),
    "notification.closed": marked("The sending of the message was concluded"),
    "attempt.started": marked("An attempt to send the message began"),
    "attempt.accepted": marked("The provider took the message over"),
    "attempt.refused": marked("The provider refused the message"),
    "attempt.not_sent": marked("The message did not leave"),
    "attempt.unknown": marked("It is not known whether the message left"),
    "attempt.reconciled": marked("It was found out that the provider has the message"),
    "attempt.unresolved": marked("It could not be found out what became of the message"),
    "receipt.delivered": marked("The message was reported as delivered"),
    "receipt.failed": marked("The message was reported as not delivered"),
    "receipt.late": marked("A further report came in afterwards"),
    "recipient.acknowledged": marked("The person confirmed the message"),
    "recipient.disputed": marked("The person objected"),
    "recipient.misdirected": marked("Somebody said that the message was not for them"),
}

GRADES = (
    marked("our own record"),
    marked("a provider or mail server took it over"),
    marked("a provider's report"),
    marked("a handset's report"),
    marked("a mail server's signed report"),
    marked("an act of the person"),
)

LANES = {
    Lane.COURIER: marked("operator and courier"),
    Lane.AWIZO: marked("awizo"),
    Lane.PROVIDER: marked("provider"),
    Lane.RECIPIENT: marked("recipient"),
}

CHANNELS = {"sms": marked("SMS"), "email": marked("e-mail")}

PURPOSES = {
    "delivery": marked("items that wait for the person"),
    "progress": marked("items on their way"),
    "incident": marked("disruptions"),
    "service": marked("service message, which needs no consent"),
}

# Each completes “The message told that …”.
NEWS = {
    "out_for_delivery": marked("the courier has the item that day"),
    "attempt_failed": marked("an attempt to deliver the item failed"),
    "notice_left": marked("a paper notice was left"),
    "ready_for_pickup": marked("the item can be collected"),
    "terms_changed": marked("the place or the time for collecting changed"),
    "delivered": marked("the item was handed over or collected"),
    "refused": marked("the item was not accepted"),
    "pickup_expired": marked("the time for collecting has ended"),
    "returned": marked("the item goes back to its sender"),
    "corrected": marked("an earlier message was wrong"),
    "delayed": marked("the item is late"),
    "damaged": marked("the item is damaged"),
    "lost": marked("the item cannot be found"),
    "address_problem": marked("there is a problem with the address"),
    "item_held": marked("the item is held at the operator's"),
    "facility_unavailable": marked("a place of pick-up is closed"),
    "service_disruption": marked("the service is disrupted"),
    "maintenance_planned": marked("work is planned that disrupts the service"),
    "resolved": marked("a closure or disruption is over"),
    "reminder": marked("the item still waits to be collected"),
    "last_day": marked("the next day is the last one for collecting"),
    "confirmation": marked("a phone number or an address is to be confirmed"),
    "sign_in": marked("somebody signs in to the settings"),
    "contact_changed": marked("phone numbers or addresses were changed"),
}

REASONS = {
    "no_contact_point": marked("no phone number or e-mail address of the person was known"),
    "contact_disabled": marked("the phone number or e-mail address was out of use"),
    "unverified": marked("the phone number or e-mail address had not been confirmed"),
    "no_consent": marked("the person had given no consent"),
    "opted_out": marked("the person had withdrawn consent"),
    "paused": marked("the person had paused messages"),
    "stale": marked("the news would have come too late"),
    "superseded": marked("newer news took its place"),
    "duplicate_content": marked("the same had been sent before"),
    "merged": marked("it was made a part of another message"),
    "destination_not_allowed": marked("the number is of a country that is not served"),
    "rate_limited": marked("too many messages would have been sent that day"),
    "collected": marked("the item had been collected"),
    "terms_changed": marked("the place or the time for collecting had changed"),
    "erased": marked("the person's data was erased"),
    "restored": marked("the database was restored, and nobody can tell what had been sent before"),
}

FAILURES = {
    "permanent": marked("it was refused for good"),
    "temporary": marked("it was tried again without success until the time for it ran out"),
    "technical": marked("it could not be written or carried"),
}

STATUSES = {
    "sent": marked("taken over by the provider"),
    "delivered": marked("reported as delivered"),
    "failed": marked("failed"),
    "unknown": marked("unknown whether it left"),
    "expired": marked("too old"),
    "cancelled": marked("called off"),
    "suppressed": marked("not sent"),
}

VIAS = {
    "callback": marked("a call by the provider to our service"),
    "handset": marked("a report by the handset"),
    "dsn": marked("a message by a mail server (RFC 3464)"),
}

SIGNATURES = {
    "none": marked("none"),
    "shared_key": marked("with a key that the provider shares with us: it proves nothing to others"),
    "public_key": marked("with the provider's own key"),
    "dkim": marked("by the mail server (DKIM)"),
}

ACTORS = {"person": marked("the person"), "operator": marked("the operator")}

FIELDS = {
    "contact": marked("Phone number or e-mail address"),
    "content": marked("Text of the message"),
    "event": marked("The operator's report"),
    "provider_id": marked("The provider's number for the message"),
    "provider_reply": marked("The provider's answer"),
    "reason": marked("Reason"),
    "receipt": marked("The report on delivery"),
    "recipient": marked("Recipient, as the operator calls them"),
    "shipment": marked("Item"),
    "statement": marked("What the person said"),
}

# The values of a record that are shown, in this order; the others are digests and numbers for programs.
DATA = {
    "event_type": marked("Kind of report"),
    "kind": marked("Kind of message"),
    "channel": marked("Channel"),
    "purpose": marked("Purpose"),
    "status": marked("Ended as"),
    "reason": marked("Because"),
    "failure": marked("How it failed"),
    "not_before": marked("Not before"),
    "legal_regime": marked("Legal regime"),
    "consent_version": marked("Consent, version"),
    "version": marked("Version"),
    "text_version": marked("Text agreed to"),
    "by": marked("Said by"),
    "method": marked("By way of"),
    "reference": marked("Reference"),
    "provider": marked("Provider"),
    "attempt": marked("Attempt"),
    "template": marked("Template"),
    "parts": marked("Parts"),
    "stage": marked("Stage"),
    "code": marked("Code"),
    "via": marked("Came as"),
    "signature": marked("Signed"),
}

VALUES = {
    "channel": CHANNELS,
    "purpose": PURPOSES,
    "status": STATUSES,
    "reason": REASONS,
    "failure": FAILURES,
    "by": ACTORS,
    "via": VIAS,
    "signature": SIGNATURES,
}
