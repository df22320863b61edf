"""Application Insights through Microsoft's own exporter: requests, exceptions, and what scripts print and log."""
