"""Say why: paths between a drug and a disease."""
