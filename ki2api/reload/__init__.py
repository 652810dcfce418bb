"""Settings and logins that change while the server runs, and gateways that follow each other."""
