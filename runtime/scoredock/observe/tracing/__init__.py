"""Traces of scoring requests by OpenTelemetry's standard variables, and how telemetry is sent without delaying them.

``environment`` reads what is wanted and imports nothing; ``provider`` starts the SDK; ``request_trace`` has the spans
of one request; ``outbox`` sends what has ended.
"""
