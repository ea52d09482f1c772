"""Charts as questions and the numbers that answer them, and the dashboards that people keep them on."""
