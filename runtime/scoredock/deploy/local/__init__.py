"""Deploying here: images built in the Docker engine, services as containers of this machine."""
