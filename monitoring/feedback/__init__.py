"""What people say about answers: the inbox of it, who answers at all, and what that lets one conclude."""
