"""Between the protos and the model: the only place of this service, beside `rpc`, that knows both."""
