"""What the team says about a trace, and the links by which somebody outside may read it."""
