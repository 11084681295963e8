"""Local SMS and SMTP providers with an inbox page, for the demo and for tests. Nothing leaves the machine."""
