"""A simulated year: shipments of every regime through the real use cases, and a judge who reads journals only."""
