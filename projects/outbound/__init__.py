"""The one guarded way out of this server: which addresses it may call, and a transport that keeps to them."""
