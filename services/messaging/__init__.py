"""Chats, messages and their live delivery."""
