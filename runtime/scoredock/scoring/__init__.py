"""Scoring a request with the script: one alone, several at once, the schema's sample; raw requests as Flask's."""
