"""The tables of auth.db. Times are microseconds since 1970, in UTC."""

SCHEMA = (
    """
    CREATE TABLE users (
        user_id TEXT PRIMARY KEY,
        username TEXT NOT NULL,
        email TEXT NOT NULL,
        password_hash BLOB NOT NULL,
        bio TEXT NOT NULL,
        avatar_media_id TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        deleted_at INTEGER
    ) STRICT;
    CREATE TABLE emails (folded TEXT PRIMARY KEY, user_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE usernames (folded TEXT PRIMARY KEY, user_id TEXT NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE sessions (
        session_id TEXT PRIMARY KEY,
        user_id TEXT NOT NULL,
        device_name TEXT NOT NULL,
        address TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL,
        ended_at INTEGER
    ) STRICT;
    CREATE INDEX sessions_of_user ON sessions (user_id, created_at DESC) WHERE ended_at IS NULL;
    CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
    CREATE INDEX sessions_used ON sessions (last_used_at);

    CREATE TABLE refresh_tokens (
        session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        token_hash BLOB NOT NULL,
        spent_at INTEGER,
        salt BLOB,
        PRIMARY KEY (session_id, token_hash)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX refresh_tokens_spent ON refresh_tokens (spent_at) WHERE spent_at IS NOT NULL;
    CREATE INDEX refresh_tokens_salted ON refresh_tokens (spent_at) WHERE salt IS NOT NULL;

    CREATE TABLE signing_keys (
        number INTEGER PRIMARY KEY,
        kid TEXT NOT NULL,
        seed BLOB NOT NULL,
        signs_from INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE blocks (
        blocker_id TEXT NOT NULL,
        blocked_id TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (blocker_id, blocked_id)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE erasures (
        due_at INTEGER NOT NULL,
        user_id TEXT NOT NULL,
        PRIMARY KEY (due_at, user_id)
    ) STRICT, WITHOUT ROWID;
    UPDATE sessions SET device_name = '', address = '' WHERE ended_at IS NOT NULL
    """,
    """
    ALTER TABLE erasures RENAME TO old_erasures;
    CREATE TABLE erasures (
        due_at INTEGER NOT NULL,
        user_id TEXT NOT NULL,
        delete_messages INTEGER NOT NULL,
        PRIMARY KEY (due_at, user_id, delete_messages)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO erasures SELECT due_at, user_id, 0 FROM old_erasures;
    DROP TABLE old_erasures
    """,
)
