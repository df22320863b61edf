"""Deployment: models, environments, configurations, images and services. Needs ``pip install 'scoredock[deploy]'``."""
