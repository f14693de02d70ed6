"""Jobs: files fetched once and kept safely, receipts given, failures tried again and at last put before a person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli import clock, settings
from pytake_cli.daemon import jobs as workers
from pytake_cli.daemon.jobs import HANDLERS, Jobs
from pytake_cli.services import media as files
from pytake_cli.store import Store, jobs
from pytake_cli.store.jobs import Job
from pytake_cli.store.media import PENDING, Media
from tests.kit import people
from tests.kit.office import Office, Shop, media_folder, office

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x07" * 500


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN", "token-1")
    monkeypatch.setattr(workers, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(workers, "LAST_RETRY", 0.1)


def visiting(shop: Shop, visit: Callable[[Office], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with office(shop, **options) as opened:
            await visit(opened)

    asyncio.run(run())


def received(shop: Shop, wa_media_id: str, *, mime_type: str = "image/jpeg", sha256: str = "") -> tuple[int, int]:
    """(media id, job id) of a file that somebody has sent."""
    conversation = people.wrote(shop.store, shop.number_id, at=clock.now())
    now = clock.now()
    with shop.store.write() as db:
        message = people.incoming(db, conversation, "foto", at=now)
        row = Media(
            org_id=shop.org,
            number_id=shop.number_id,
            message_id=message.id,
            direction="in",
            wa_media_id=wa_media_id,
            declared_mime_type=mime_type,
            declared_sha256=sha256,
            filename="../../etc/cron.d/x",
            created_at=now,
        )
        db.add(row)
        db.flush()
        assert row.id is not None
        job = jobs.add(
            db, org_id=shop.org, kind="media.download", key=f"media:{row.id}", payload={"media": row.id}, now=now
        )
        assert job is not None
        return row.id, job


def media_row(store: Store, id_: int) -> Media:
    with store.read() as db:
        return db.get_one(Media, id_)


def job_row(store: Store, id_: int) -> Job:
    with store.read() as db:
        return db.get_one(Job, id_)


async def until_over(opened: Office, job_id: int) -> Job:
    async with asyncio.timeout(30):
        while True:
            row: Job = await opened.do(job_row, opened.shop.store, job_id)
            if row.state in (jobs.DONE, jobs.FAILED):
                return row
            await asyncio.sleep(0.01)


def keep(opened: Office, content: bytes = JPEG, mime_type: str = "image/jpeg") -> str:
    """The id of a file that the emulator's customer sent."""
    world = opened.emulator.world
    return world.media.receive(world.first_number(), content, mime_type, "").id


def test_a_received_file_is_fetched_and_kept_by_its_content(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        media_id, job_id = await opened.do(received, shop, keep(opened))
        job = await until_over(opened, job_id)
        assert (job.state, job.attempts, job.claim) == (jobs.DONE, 1, None)
        row = await opened.do(media_row, store, media_id)
        assert (row.state, row.mime_type, row.size_bytes, row.reason) == ("ready", "image/jpeg", len(JPEG), "")
        path = media_folder() / row.path
        assert path.read_bytes() == JPEG
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.name == row.sha256
        assert [file for file in settings.paths().data.rglob("*") if file.is_file() and "cron" in str(file)] == []

    visiting(shop, visit)


def test_a_file_that_lies_about_its_type_is_kept_and_flagged(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        media_id, job_id = await opened.do(received, shop, keep(opened, b"<html><script>1</script></html>"))
        await until_over(opened, job_id)
        row = await opened.do(media_row, store, media_id)
        assert row.state == "ready"
        assert row.mime_type != "image/jpeg"
        assert "image/jpeg" in row.reason

    visiting(shop, visit)


def test_a_file_that_meta_no_longer_has_is_lost(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        media_id, job_id = await opened.do(received, shop, "999999999")
        job = await until_over(opened, job_id)
        row = await opened.do(media_row, store, media_id)
        assert (job.state, row.state) == (jobs.DONE, "lost")

    visiting(shop, visit)


def test_a_file_that_is_too_large_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_MEDIA__MAX_BYTES", "100")
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        media_id, job_id = await opened.do(received, shop, keep(opened))
        await until_over(opened, job_id)
        row = await opened.do(media_row, store, media_id)
        assert row.state == "refused"
        assert "100 bytes" in row.reason
        assert not media_folder().exists() or not [path for path in media_folder().rglob("*") if path.is_file()]

    visiting(shop, visit)


def test_one_person_cannot_fill_the_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FILES_BY_CONTACT", 2)
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        first_id, job_id = await opened.do(received, shop, keep(opened))
        await until_over(opened, job_id)
        states = [(await opened.do(media_row, store, first_id)).state]
        for _ in range(3):
            media_id, job_id = await opened.do(from_the_same, shop, first_id, keep(opened))
            await until_over(opened, job_id)
            states.append((await opened.do(media_row, store, media_id)).state)
        assert states == ["ready", "ready", "refused", "refused"]
        other_id, job_id = await opened.do(received, shop, keep(opened))
        await until_over(opened, job_id)
        assert (await opened.do(media_row, store, other_id)).state == "ready"

    visiting(shop, visit)


def from_the_same(shop: Shop, first_id: int, wa_media_id: str) -> tuple[int, int]:
    """Another file of the person who sent the first."""
    with shop.store.write() as db:
        first = db.get_one(Media, first_id)
        row = Media(**first.model_dump(exclude={"id", "state", "wa_media_id", "sha256", "declared_sha256"}))
        row.state, row.wa_media_id = PENDING, wa_media_id
        db.add(row)
        db.flush()
        key = f"media:{row.id}"
        payload = {"media": row.id}
        job = jobs.add(db, org_id=shop.org, kind="media.download", key=key, payload=payload, now=clock.now())
        assert row.id is not None
        assert job is not None
        return row.id, job


def test_a_fetch_that_fails_is_tried_again(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        opened.fault("empty", edge="*", count=2)
        media_id, job_id = await opened.do(received, shop, keep(opened))
        job = await until_over(opened, job_id)
        assert job.state == jobs.DONE
        assert job.attempts == 3
        assert (await opened.do(media_row, store, media_id)).state == "ready"

    visiting(shop, visit)


def test_what_fails_too_often_is_put_before_a_person(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(workers.TRIES, "media.download", 2)
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        opened.fault("empty", edge="*")
        _, job_id = await opened.do(received, shop, keep(opened))
        job = await until_over(opened, job_id)
        assert (job.state, job.attempts) == (jobs.FAILED, 2)
        assert job.error

    visiting(shop, visit)


def test_a_message_is_shown_as_read(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        said = await opened.say("oi")

        def ask() -> int:
            with store.write() as db:
                payload = {"phone_number_id": shop.number().phone_number_id, "wamid": said, "typing": True}
                job = jobs.add(
                    db, org_id=shop.org, kind="read.receipt", key=f"read:{said}", payload=payload, now=clock.now()
                )
                assert job is not None
                return job

        job = await until_over(opened, await opened.do(ask))
        assert job.state == jobs.DONE, job.error

    visiting(shop, visit)


def test_the_same_job_is_added_once(store: Store) -> None:
    shop = Shop(store)
    added = []
    for _ in range(2):
        with store.write() as db:
            added.append(jobs.add(db, org_id=shop.org, kind="read.receipt", key="read:x", payload={}, now=clock.now()))
    assert added[0] is not None
    assert added[1] is None


def test_one_of_several_takers_gets_a_job(store: Store) -> None:
    shop = Shop(store)
    now = clock.now()
    with store.write() as db:
        id_ = jobs.add(db, org_id=shop.org, kind="read.receipt", key="read:x", payload={}, now=now)
        assert id_ is not None
    with store.write() as db:
        assert jobs.claim(db, id_, "a", now) is not None
    with store.write() as db:
        assert jobs.claim(db, id_, "b", now) is None
        jobs.finish(db, id_, "b", now)
    assert job_row(store, id_).state == jobs.RUNNING
    with store.write() as db:
        jobs.finish(db, id_, "a", now)
    assert job_row(store, id_).state == jobs.DONE


def test_what_the_dead_held_is_anybodys_and_what_the_living_hold_is_not(store: Store) -> None:
    shop = Shop(store)
    now = clock.now()
    with store.write() as db:
        ids = [
            jobs.add(db, org_id=shop.org, kind="read.receipt", key=f"read:{i}", payload={}, now=now) for i in range(2)
        ]
        for id_, owner in zip(ids, ("dead", "me"), strict=True):
            assert id_ is not None
            jobs.claim(db, id_, owner, now - timedelta(seconds=300) if owner == "dead" else now)
    worker = Jobs(store, "me")
    worker.sweep()
    with store.read() as db:
        states = {row.claim: row.state for row in db.exec(select(Job))}
    assert states == {None: jobs.QUEUED, "me": jobs.RUNNING}
    worker.recover(lambda owner: owner == "dead")
    with store.read() as db:
        assert {row.claim: row.state for row in db.exec(select(Job))} == states
    worker.recover()
    with store.read() as db:
        assert {row.state for row in db.exec(select(Job))} == {jobs.QUEUED}


def test_who_works_long_gives_signs_of_life_before_anybody_takes_over(store: Store) -> None:
    shop = Shop(store)
    began = clock.now() - timedelta(seconds=workers.ORPHANED_SECONDS / 2 + 1)
    with store.write() as db:
        id_ = jobs.add(db, org_id=shop.org, kind="read.receipt", key="read:1", payload={}, now=began)
        assert id_ is not None
        jobs.claim(db, id_, "me", began)
    worker = Jobs(store, "me")
    worker._running.add(id_)
    worker.sweep()
    claimed_at = job_row(store, id_).claimed_at
    assert claimed_at is not None
    assert claimed_at > began


def test_every_kind_of_job_has_a_handler_with_a_limit() -> None:
    assert set(HANDLERS) == set(workers.TRIES)
