"""What calls cost: over days, cut by what people want to see apart, and what is still to come."""
