"""`/preferences`: what people set for themselves. Signed in by a one-time code; whole without JavaScript."""
