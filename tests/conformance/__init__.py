"""scoredock side by side with azureml-inference-server-http 1.5.1: the same scripts, the same requests."""
