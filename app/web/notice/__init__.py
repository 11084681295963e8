"""`/n/{token}`: the page of a notice, linked from its e-mail only, and what people say there."""
