"""The message store that messaging reads and the persister writes: events, their fold, and the stores."""
