"""What the screens are built of; lists and chats draw their own lines."""
