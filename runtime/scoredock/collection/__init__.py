"""What scripts collect, and payloads: rolled files in a folder or any storage."""
