"""What the `data` of each event type must look like, and what the domain takes of it.

Every type about one shipment is modelled whole and refuses unknown members; area incidents are checked in the members
they share, and what else they bring is kept in the event's canonical form.
"""

from app.api.event_models.reading import MODELS, TRACKING_TYPE, Envelope, EventData, event_of, read_data

__all__ = ["MODELS", "TRACKING_TYPE", "Envelope", "EventData", "event_of", "read_data"]
