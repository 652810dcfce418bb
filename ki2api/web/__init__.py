"""The door: routes, guards and the way of the bytes to the client; Litestar lives here."""
