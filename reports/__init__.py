"""Reports: what the records say of a period, counted, explained, drawn, for people who look back."""
