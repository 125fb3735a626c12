"""The app: shell, parts, charts, background jobs."""
