"""What is kept: workspaces in folders and object stores, and the models and records in them."""
