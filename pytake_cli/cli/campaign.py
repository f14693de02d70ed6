"""Campaigns: one message to many people, planned before it is launched, and told apart by person afterwards.

$ pytake campaign new black-friday
$ pytake campaign plan black-friday
$ pytake campaign launch black-friday --follow
$ pytake campaign list
"""

from __future__ import annotations

import typer

from pytake_cli.cli import (
    campaign_approve,
    campaign_control,
    campaign_follow,
    campaign_launch,
    campaign_new,
    campaign_plan,
    campaign_report,
    campaign_show,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command("new")(campaign_new.new)
app.command("plan")(campaign_plan.plan)
app.command("approve")(campaign_approve.approve)
app.command("launch")(campaign_launch.launch)
app.command("watch")(campaign_follow.watch)
app.command("pause")(campaign_control.pause)
app.command("resume")(campaign_control.resume)
app.command("cancel")(campaign_control.cancel)
app.command("retry")(campaign_control.retry)
app.command("recipients")(campaign_report.recipients)
app.command("report")(campaign_report.report)
app.command("list")(campaign_show.list_)
app.command("show")(campaign_show.show)
app.command("clone")(campaign_new.clone)
app.command("delete")(campaign_show.delete)
