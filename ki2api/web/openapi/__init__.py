"""The OpenAPI document: what each route says of itself, and how that is put together.

A handler carries its `Operation` as a route option, which nothing reads while requests are served.
What can be taken from the code is: the schemas from the structs that requests are decoded into, the
statuses and error types from the dialects' tables, the examples of answers from their encoders.
"""
