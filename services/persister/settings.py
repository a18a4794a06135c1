"""Settings of the persister."""

from kernel.settings import env, not_negative, positive, settings


@settings
class PersisterSettings:
    """Settings of batches and commits. Ports and addresses are settings of the process."""

    batch_size: int = env(
        "CHATLY_PERSISTER_BATCH_SIZE", default=500, help="maximum of records per batch", check=positive
    )
    wait_seconds: float = env(
        "CHATLY_PERSISTER_WAIT_SECONDS",
        default=1.0,
        help="longest wait for a record of an idle log, in seconds; a new record ends the wait",
        check=positive,
    )
    commit_seconds: float = env(
        "CHATLY_PERSISTER_COMMIT_SECONDS",
        default=1.0,
        help="interval of offset commits to the log, in seconds; the store keeps the exact offsets",
        check=positive,
    )
    linger_seconds: float = env(
        "CHATLY_PERSISTER_LINGER_SECONDS",
        default=0.1,
        help="pause after a batch that was not full, in seconds, so that more records share the next batch",
        check=not_negative,
    )
