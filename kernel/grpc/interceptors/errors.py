"""What an exception of a handler means to its caller. How it travels is told in `kernel.grpc.status`."""

from kernel.errors import ChatlyError, Code, KernelReason
from kernel.grpc.context import Request


def meaning(error: Exception, request: Request) -> ChatlyError:
    """Errors with a meaning as they are; everything else is a defect of ours, of which the caller learns nothing."""
    match error:
        case ChatlyError():
            return error
        case TimeoutError():
            return ChatlyError(Code.DEADLINE_EXCEEDED, KernelReason.DEADLINE_EXCEEDED, "the call took too long")
        case NotImplementedError():
            return ChatlyError(Code.UNIMPLEMENTED, KernelReason.NOT_OFFERED, f"{request.method} is not offered yet")
        case _:
            message = f"internal error; the request id {request.request_id} finds it in the logs"
            return ChatlyError(Code.INTERNAL, KernelReason.INTERNAL, message)
