"""HTTP: connections, requests, answers, and the gateway that decides which is whose."""
