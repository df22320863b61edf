"""HTTP: the ASGI gateway, pages, and the Flask request of raw scripts."""
