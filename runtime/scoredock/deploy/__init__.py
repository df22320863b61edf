"""The deployment workflow: workspace, models, environments, configurations, images, services.

Nothing is imported here: each part is imported by its module's name, so that a command pays for what it uses.
"""
