"""The Cloud API's wire: what goes out (messages), what comes in (webhooks), and the one client that talks to Graph."""
