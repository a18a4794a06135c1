"""What all services share. Knows no word of chat: no queries, no business rules."""
