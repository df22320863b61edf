"""Who may call: keys, tokens."""
