"""Join ranking, marks and evidence into what a clinician reads."""
