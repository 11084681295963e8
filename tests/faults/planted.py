"""Bugs planted on purpose, each to be found by the invariant that it breaks. They live in launched processes only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from tests.faults import points, product

_BEFORE_THE_BYTES_SECONDS = 8.0
_COMMITTED_LATER_SECONDS = 1.0
_ENDED_LATER_SECONDS = 3.0

Function = Callable[..., Any]
_background: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """`breaks` names the invariant that must notice it."""

    breaks: str
    plant: Callable[[], None]


def _acknowledge_before_commit() -> None:
    """Events are answered a second before they are committed."""
    accept = product.find(points.ACCEPT)

    async def early(self: Any, events: Any) -> Any:
        answers: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def commit_later() -> None:
            async with self._database.write() as tx:
                accepted = await accept(tx, events, surroundings=self._surroundings, vocabularies=self._vocabularies)
                answers.set_result(accepted)
                await asyncio.sleep(_COMMITTED_LATER_SECONDS)

        task = asyncio.create_task(commit_later())
        _background.add(task)
        task.add_done_callback(_background.discard)
        return await answers

    product.replace(points.INTAKE_ALL, lambda _: early)


def _accept_duplicates_twice() -> None:
    """No event is known again."""
    product.replace(points.DEDUPE_KEY, lambda _: lambda *_arguments: uuid4().bytes + uuid4().bytes)


def _plan_twice() -> None:
    """Everybody is told everything twice."""
    product.replace(points.PLAN, lambda plan: lambda *given, **named: [*plan(*given, **named), *plan(*given, **named)])


def _swallow_the_last_of_a_batch() -> None:
    """It is answered and never written."""

    def wrap(accept_batch: Function) -> Function:
        async def swallowing(self: Any, events: Any) -> Any:
            if len(events) < 2:
                return await accept_batch(self, events)
            answers = await accept_batch(self, events[:-1])
            return [*answers, replace(answers[-1], event=uuid4(), notifications=())]

        return swallowing

    product.replace(points.INTAKE_BATCH, wrap)


def _abort_a_poisoned_batch() -> None:
    """One that is no event takes the others with it."""
    rejected, problem = product.find(points.REJECTED), product.find(points.PROBLEM)

    def wrap(accept_batch: Function) -> Function:
        async def aborting(services: Any, caller: Any, batch: Any) -> Any:
            if any(isinstance(item, rejected) for item in batch.results):
                raise problem(422)
            return await accept_batch(services, caller, batch)

        return aborting

    product.replace(points.BATCH_ROUTE, wrap)


def _send_again_when_a_lease_runs_out() -> None:
    """Whose worker never came back is taken for not sent."""
    not_sent = product.find(points.NOT_SENT)
    product.replace_here(points.EXPIRE_UNKNOWN, lambda _: not_sent)


def _try_again_after_unknown() -> None:
    """An unknown outcome is settled as one that is known: not sent."""
    unknown, not_sent = product.find(points.UNKNOWN), product.find(points.NOT_SENT)

    def known(value: Any) -> Any:
        return not_sent(stage="response", code=value.code) if isinstance(value, unknown) else value

    def wrap(settle: Function) -> Function:
        def settling(*given: Any, **named: Any) -> Any:
            return settle(*map(known, given), **{name: known(value) for name, value in named.items()})

        return settling

    product.replace(points.SETTLE, wrap)


class _AnyLease:
    """Equal to every lease."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def _settle_without_fence() -> None:
    """An answer counts whoever holds the lease; and leases are over before it comes."""
    product.replace(points.LEASE, lambda lease: dict.fromkeys(lease, timedelta()))
    product.replace(points.HOUSEKEEPING_SECONDS, lambda _: 0.1)

    def wrap(settle_attempts: Function) -> Function:
        async def unfenced(tx: Any, ended: Any, **named: Any) -> Any:
            return await settle_attempts(tx, [replace(item, lease=_AnyLease()) for item in ended], **named)

        return unfenced

    product.replace(points.SETTLE_ALL, wrap)


def _send_before_the_claim_is_committed() -> None:
    """The first claims are rolled back, and sent."""
    claimed: list[int] = []

    class RolledBack(Exception):  # noqa: N818 – no error: it undoes the transaction
        pass

    def count(claim: Function) -> Function:
        async def counting(*given: Any, **named: Any) -> Any:
            found = await claim(*given, **named)
            claimed.append(len(found))
            return found

        return counting

    def wrap(transact: Function) -> Function:
        async def transacting(self: Any, work: Callable[[Any], Awaitable[Any]]) -> Any:
            before = len([number for number in claimed if number])
            result: Any = None

            async def undone(tx: Any) -> Any:
                nonlocal result
                result = await work(tx)
                after = len([number for number in claimed if number])
                if before < after <= 3:
                    raise RolledBack
                return result

            try:
                return await transact(self, undone)
            except RolledBack:
                return result

        return transacting

    product.replace(points.CLAIM, count)
    product.replace(points.TRANSACT, wrap)


def _ask_no_consent_at_the_claim() -> None:
    """What was to be sent when it was planned is sent."""
    product.replace_here(points.CLAIM_CHECK, lambda _: lambda *_given, **_named: None)


def _ask_no_consent_before_the_bytes() -> None:
    """Nobody looks again, however long it takes until the bytes leave."""

    async def nothing(_self: Any, items: Any) -> Any:
        return [None] * len(items)

    def wrap(send: Function) -> Function:
        async def slow(self: Any, message: Any) -> Any:
            await asyncio.sleep(_BEFORE_THE_BYTES_SECONDS)
            return await send(self, message)

        return slow

    product.replace(points.LAST_CHECKS, lambda _: nothing)
    product.replace(points.SMS_SEND, wrap)


def _tell_what_is_untrue() -> None:
    """No news makes other news untrue."""
    product.replace(points.MAKES_UNTRUE, lambda _: lambda *_given: None)


def _drop_waiting_receipts() -> None:
    """A report that came before the outcome is forgotten."""

    async def none(*_given: Any, **_named: Any) -> dict[Any, Any]:
        return {}

    product.replace(points.EARLY_RECEIPTS, lambda _: none)


def _let_late_reports_count() -> None:
    """No chain is ever closed to reports."""
    product.replace(points.IS_CLOSED, lambda _: lambda *_given: False)


def _lose_entries() -> None:
    """The first entry of every batch is taken from the queue and not written."""

    def wrap(sequence: Function) -> Function:
        async def losing(tx: Any, head: Any, entries: Any) -> Any:
            if len(entries) > 1:
                gone = text("DELETE FROM pending_entries WHERE position = :position")
                await tx.execute(gone, {"position": entries[0].position})
                entries = entries[1:]
            return await sequence(tx, head, entries)

        return losing

    product.replace(points.SEQUENCE, wrap)


def _sign_what_was_not_read_back() -> None:
    """The head is signed as it stands, and it stands wrong: the last bit of its last hash has flipped."""

    async def believe(self: Any, head: Any) -> None:
        self._verified_shard, self._verified = head.shard, head.range

    def wrap(sequence: Function) -> Function:
        async def flipping(tx: Any, head: Any, entries: Any) -> Any:
            grown = await sequence(tx, head, entries)
            roots = (await tx.execute(text("SELECT range FROM tree_heads"))).scalar_one()
            changed = roots[:-1] + bytes([roots[-1] ^ 1])
            await tx.execute(text("UPDATE tree_heads SET range = :range"), {"range": changed})
            return grown

        return flipping

    product.replace(points.SEQUENCE, wrap)
    product.replace(points.READ_BACK, lambda _: believe)


def _trust_any_database() -> None:
    """Nobody compares the database with the mark."""

    async def believe_at_start(self: Any, note: Any, _seen: Any) -> None:
        self._remembered = note

    async def believe(self: Any, _head: Any) -> None:
        self._remembered = await self._in_file(self._mark.read)

    product.replace(points.LOOK_AT_MARK, lambda _: believe)
    product.replace(points.TRUST, lambda _: believe_at_start)


def _prove_something_else() -> None:
    """The first fact of a proof has another salt than was sealed."""

    def wrap(prove: Function) -> Function:
        async def proving(*given: Any, **named: Any) -> Any:
            proof = await prove(*given, **named)
            return replace(proof, data=proof.data.replace(b'"salt":"', b'"salt":"A', 1))

        return proving

    product.replace(points.PROVE, wrap)


def _find_every_log_good() -> None:
    """The audit says of every shard that it holds."""
    summary = product.find(points.SUMMARY)

    def wrap(audit: Function) -> Function:
        async def praising(*given: Any, **named: Any) -> Any:
            results = await audit(*given, **named)
            return [summary(shard=each.shard, entries=1, checkpoints=1, tiles=0) for each in results]

        return praising

    product.replace(points.AUDIT, wrap)


def _keep_another_status() -> None:
    """What was sent is kept as delivered, whatever its facts say."""

    def wrap(save_all: Function) -> Function:
        async def saving(tx: Any, changed: Any) -> Any:
            kept = [replace(each, status="delivered") if each.status == "sent" else each for each in changed]
            return await save_all(tx, kept)

        return saving

    product.replace(points.SAVE_ALL, wrap)


def _never_claim_email() -> None:
    """E-mails wait for ever."""

    def wrap(claim: Function) -> Function:
        async def claiming(*given: Any, **named: Any) -> Any:
            return [] if named["channel"] == "email" else await claim(*given, **named)

        return claiming

    product.replace(points.CLAIM, wrap)


def _forget_who_was_told() -> None:
    """How far an incident is told is kept in memory only, and nobody looks who was told before."""
    reached: dict[Any, Any] = {}

    def take(take_running: Function) -> Function:
        async def taking(tx: Any) -> Any:
            job = await take_running(tx)
            return job and reached.get(job.revision.event, job)

        return taking

    def keep(save: Function) -> Function:
        async def keeping(tx: Any, job: Any, *, now: Any, is_done: bool = False) -> Any:
            reached[job.revision.event] = job
            if is_done:
                await asyncio.sleep(_ENDED_LATER_SECONDS)
                await save(tx, job, now=now, is_done=True)

        return keeping

    async def none(*_given: Any, **_named: Any) -> list[Any]:
        return []

    product.replace(points.TAKE_RUNNING, take)
    product.replace(points.SAVE_JOB, keep)
    product.replace(points.TOLD_BEFORE, lambda _: none)


BUGS: Mapping[str, Bug] = {
    "acknowledge before commit": Bug(breaks="1", plant=_acknowledge_before_commit),
    "accept duplicates twice": Bug(breaks="1", plant=_accept_duplicates_twice),
    "plan everything twice": Bug(breaks="1", plant=_plan_twice),
    "swallow the last of a batch": Bug(breaks="1", plant=_swallow_the_last_of_a_batch),
    "abort a poisoned batch": Bug(breaks="13", plant=_abort_a_poisoned_batch),
    "forget who was told of an incident": Bug(breaks="1", plant=_forget_who_was_told),
    "send again when a lease runs out": Bug(breaks="3", plant=_send_again_when_a_lease_runs_out),
    "try again after unknown": Bug(breaks="3", plant=_try_again_after_unknown),
    "settle without fence": Bug(breaks="5", plant=_settle_without_fence),
    "send before the claim is committed": Bug(breaks="4", plant=_send_before_the_claim_is_committed),
    "ask no consent at the claim": Bug(breaks="6", plant=_ask_no_consent_at_the_claim),
    "ask no consent before the bytes": Bug(breaks="6", plant=_ask_no_consent_before_the_bytes),
    "tell what is untrue": Bug(breaks="11", plant=_tell_what_is_untrue),
    "drop waiting receipts": Bug(breaks="reports", plant=_drop_waiting_receipts),
    "let late reports count": Bug(breaks="10", plant=_let_late_reports_count),
    "lose entries of the log": Bug(breaks="8", plant=_lose_entries),
    "sign what was not read back": Bug(breaks="7", plant=_sign_what_was_not_read_back),
    "keep another status": Bug(breaks="12", plant=_keep_another_status),
    "never claim e-mail": Bug(breaks="14", plant=_never_claim_email),
    "prove something else": Bug(breaks="9", plant=_prove_something_else),
    "find every log good": Bug(breaks="15", plant=_find_every_log_good),
    "trust any database": Bug(breaks="16", plant=_trust_any_database),
}
