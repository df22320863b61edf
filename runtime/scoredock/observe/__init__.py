"""What happens inside, made visible. Receives events; knows nothing of HTTP."""
