"""The tables of media.db. Times are microseconds since 1970, in UTC."""

SCHEMA = (
    """
    CREATE TABLE uploads (
        upload_id TEXT PRIMARY KEY,
        owner_id TEXT NOT NULL,
        file_name TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        purpose TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        limit_bytes INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX uploads_by_expiry ON uploads (expires_at);

    -- state: 0 there, 1 deleted, 2 deleted and its bytes removed. A deleted row stays, so that nothing brings it back.
    CREATE TABLE media (
        media_id TEXT PRIMARY KEY,
        owner_id TEXT NOT NULL,
        purpose TEXT NOT NULL,
        content_type TEXT NOT NULL,
        file_name TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        thumbnail_bytes INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        state INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX media_condemned ON media (media_id) WHERE state = 1;

    CREATE TABLE sent_files (
        chat_id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        media_id TEXT NOT NULL,
        PRIMARY KEY (chat_id, message_id, media_id)
    ) WITHOUT ROWID;
    CREATE INDEX sent_files_by_media ON sent_files (media_id, chat_id);
    CREATE INDEX media_messages_by_age ON media (created_at) WHERE state = 0 AND purpose = 'message';
    """,
)
