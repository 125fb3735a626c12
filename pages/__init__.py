"""One user task each; run by the shell in dashboard/app.py."""
