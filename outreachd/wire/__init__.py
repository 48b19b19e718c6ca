"""The room that speaks: SMTP and DNS, their errors turned into our values."""
