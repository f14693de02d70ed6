"""What can go wrong with people, passwords, sessions, tokens and roles."""

SLUGS = {
    "PT-ROLE": "the role lacks the permission",
    "PT-ROLE-UNKNOWN": "there is no role of that name",
}
