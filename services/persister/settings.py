"""Settings of the persister."""

from kernel.settings import env, not_negative, positive, settings


@settings
class PersisterSettings:
    """How the persister works; ports and addresses are the process's business."""

    batch_size: int = env(
        "CHATLY_PERSISTER_BATCH_SIZE", default=500, help="records stored in one transaction", check=positive
    )
    wait_seconds: float = env(
        "CHATLY_PERSISTER_WAIT_SECONDS",
        default=1.0,
        help="how long one look at an idle log waits for a record, in seconds; new records end the wait",
        check=positive,
    )
    commit_seconds: float = env(
        "CHATLY_PERSISTER_COMMIT_SECONDS",
        default=1.0,
        help="how often the group's offsets are committed to the log, in seconds; the store keeps exact ones",
        check=positive,
    )
    linger_seconds: float = env(
        "CHATLY_PERSISTER_LINGER_SECONDS",
        default=0.1,
        help="how long records may gather after a batch that was not full, in seconds, so that they share the next one",
        check=not_negative,
    )
