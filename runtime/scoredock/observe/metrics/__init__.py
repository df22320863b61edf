"""Metrics over all workers, the dead ones too, in Prometheus' text format."""
