"""Tables of history.db. Ids of messages and events are stored as `kernel.ids.time_key`, whose bytes sort by time.

Every log_offset and head_offset is an ordinal: see `kernel.log.epochs`.
"""

SCHEMA = (
    """
    CREATE TABLE messages (
        chat_id TEXT NOT NULL,
        message_id BLOB NOT NULL,
        seq INTEGER NOT NULL,
        sender_id TEXT,
        receiver_id TEXT,
        client_message_id BLOB,
        content TEXT,
        reply_to_message_id BLOB,
        attachment_url TEXT,
        attachment_type TEXT,
        attachment_name TEXT,
        attachments TEXT,
        created_at INTEGER,
        edited_at INTEGER,
        edit_event_id BLOB,
        deleted_for TEXT NOT NULL,
        deleted_for_everyone INTEGER NOT NULL,
        withdrawn INTEGER NOT NULL,
        PRIMARY KEY (chat_id, message_id)
    ) WITHOUT ROWID;

    CREATE TABLE reactions (
        chat_id TEXT NOT NULL,
        message_id BLOB NOT NULL,
        user_id TEXT NOT NULL,
        emoji TEXT NOT NULL,
        event_id BLOB NOT NULL,
        present INTEGER NOT NULL,
        set_at INTEGER NOT NULL,
        PRIMARY KEY (chat_id, message_id, user_id, emoji)
    ) WITHOUT ROWID;

    CREATE TABLE sends (
        sender_id TEXT NOT NULL,
        client_message_id BLOB NOT NULL,
        chat_id TEXT NOT NULL,
        message_id BLOB NOT NULL,
        PRIMARY KEY (sender_id, client_message_id)
    ) WITHOUT ROWID;

    CREATE TABLE chats (
        chat_id TEXT PRIMARY KEY,
        created_at INTEGER,
        last_message_id BLOB,
        last_seq INTEGER NOT NULL,
        head_partition INTEGER NOT NULL,
        head_offset INTEGER NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE chat_details (
        chat_id TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        event_id BLOB NOT NULL,
        initial INTEGER NOT NULL,
        PRIMARY KEY (chat_id, name)
    ) WITHOUT ROWID;

    CREATE TABLE members (
        chat_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        role INTEGER,
        event_id BLOB,
        initial INTEGER NOT NULL,
        read_message_id BLOB,
        PRIMARY KEY (chat_id, user_id)
    ) WITHOUT ROWID;
    CREATE INDEX inbox ON members (user_id, chat_id);

    CREATE TABLE events (
        chat_id TEXT NOT NULL,
        log_partition INTEGER NOT NULL,
        log_offset INTEGER NOT NULL,
        event_id BLOB NOT NULL,
        text_of BLOB,
        value BLOB NOT NULL,
        PRIMARY KEY (chat_id, log_partition, log_offset)
    );
    CREATE UNIQUE INDEX events_by_id ON events (chat_id, event_id);
    CREATE INDEX events_with_text ON events (chat_id, text_of) WHERE text_of IS NOT NULL;

    CREATE TABLE stored_offsets (
        log_partition INTEGER PRIMARY KEY,
        log_offset INTEGER NOT NULL
    );

    CREATE TABLE pending_withdrawals (
        chat_id TEXT NOT NULL,
        message_id BLOB NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (chat_id, message_id)
    ) WITHOUT ROWID;

    CREATE TABLE dead_letters (
        log_partition INTEGER NOT NULL,
        log_offset INTEGER NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        error TEXT NOT NULL,
        failed_at REAL NOT NULL,
        PRIMARY KEY (log_partition, log_offset)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE log_epochs (
        number INTEGER PRIMARY KEY,
        log_id TEXT NOT NULL,
        identity TEXT NOT NULL,
        starts TEXT NOT NULL,
        cause TEXT NOT NULL,
        detail TEXT NOT NULL,
        begun_at REAL NOT NULL,
        adopted INTEGER NOT NULL
    );

    CREATE TABLE log_marks (
        log_partition INTEGER PRIMARY KEY,
        log_offset INTEGER NOT NULL,
        value_hash BLOB NOT NULL
    );

    CREATE TABLE log_ends (
        log_partition INTEGER PRIMARY KEY,
        log_offset INTEGER NOT NULL
    )
    """,
    "ALTER TABLE members ADD COLUMN joined_event_id BLOB",
    "ALTER TABLE members ADD COLUMN hidden BLOB",
    """
    ALTER TABLE members ADD COLUMN wrote INTEGER NOT NULL DEFAULT 0;
    UPDATE members SET wrote = 1 WHERE (chat_id, user_id) IN (SELECT chat_id, sender_id FROM sends)
    """,
)
