"""Runs as others read them: spreadsheets, issues and chats, llama-bench's own readers, and pictures."""
