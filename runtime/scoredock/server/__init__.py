"""The server's processes: supervisor, workers, health. The only room that wires the others together."""
