"""Conversations: how they become a prompt, and where they are kept."""
