"""The checks of `pytake doctor`: each looks at one thing and yields findings with their fix."""
