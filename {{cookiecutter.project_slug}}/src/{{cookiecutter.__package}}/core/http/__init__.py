"""HTTP: the server, what surrounds a request, and what requests and answers are made of."""
