"""What describes a deployment: configuration files, environments, requirements. It reads and checks, no more."""
