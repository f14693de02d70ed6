"""The Graph API's surface: one file a noun, each a handful of `async def edge(call) -> answer`."""
