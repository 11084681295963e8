"""What the `data` of each event type must look like, and what the domain takes of it.

Every type is modelled whole and refuses unknown members; only the operator's own record in `raw` may bring more.
"""

from app.api.event_models.reading import MODELS, TRACKING_TYPE, Envelope, EventData, event_of, read_data

__all__ = ["MODELS", "TRACKING_TYPE", "Envelope", "EventData", "event_of", "read_data"]
