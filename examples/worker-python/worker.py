"""A complete worker of a toy chain. README.md beside this file runs it; proto/README.md describes the protocol."""
import asyncio, contextlib, hashlib, json, os, signal, sys, time, urllib.request, uuid
import grpc
import indexer_pb2 as pb  # Generated from proto/indexer.proto.

WORKER_ID, NETWORK, CHAIN_ID = str(uuid.uuid4()), "toy", "toy-1"
MANAGERS = os.environ.get("MANAGERS", "127.0.0.1:8085").split(",")
LISTEN, HOST = os.environ.get("ADDRESS", "127.0.0.1:0"), os.environ.get("HOSTNAME", "127.0.0.1")
FEATURES = ["credit", "cancel", "batch", "typed", "lease", "count"]
CAPACITY, HEIGHTS_PER_RESPONSE, REGISTER_SECONDS, SILENCE_SECONDS, DRAIN_SECONDS = 8, 25, 10, 30, 30
GENESIS = 1_767_225_600  # 2026-01-01T00:00:00Z, in seconds since 1970.
running, slots, stopping = set(), asyncio.Semaphore(CAPACITY), asyncio.Event()

# --- The chain: one block a second, computed from its height. A real worker calls its node here. ---
def head_height():
    return int(time.time()) - GENESIS
def hash_of(height, index=0xFFFF):  # Ends with height and index: by_hash reads them back.
    return hashlib.sha256(f"{height} {index}".encode()).hexdigest()[:44].upper() + f"{height:016X}{index:04X}"

def items_of(height):
    place = {"height": height, "time_ns": (GENESIS + height) * 1_000_000_000, "chain_id": CHAIN_ID}
    block = pb.Block(hash=hash_of(height), parent_hash=hash_of(height - 1), transaction_count=height % 4, **place)
    yield pb.Item(block=block)
    for index in range(block.transaction_count):
        fee = [pb.Amount(text="5toy", currency="toy", numeric="5")]
        yield pb.Item(transaction=pb.Transaction(
            hash=hash_of(height, index), block_hash=block.hash, index=index, fee=fee, memo="hello", **place))

# --- Tasks: each result is the items of one response and the last height that is complete with them. ---
class Failure(Exception):
    def __init__(self, **fields):
        self.error = pb.TaskError(**fields)

def heights(first, last):
    for start in range(first, last + 1, HEIGHTS_PER_RESPONSE):
        end = min(start + HEIGHTS_PER_RESPONSE - 1, last)
        if start < 1 or end > head_height():
            raise Failure(msg=f"Heights {start} to {end} are outside 1 to {head_height()}.", type="not_found",
                          retry=pb.NEVER if start < 1 else pb.OTHER_WORKER)  # Another worker's node may be ahead.
        yield [item for height in range(start, end + 1) for item in items_of(height)], end

def by_hash(text):
    height, index = int(text[44:60], 16), int(text[60:], 16)
    if text.upper() != hash_of(height, index) or not 1 <= height <= head_height() or index >= height % 4:
        raise Failure(msg=f"{CHAIN_ID} has no transaction {text}.", type="not_found", retry=pb.NEVER)
    block, *transactions = items_of(height)
    yield [block, transactions[index]], None

def results(request):
    payload = {key.lower(): value for key, value in json.loads(request.payload).items()}
    resume = request.resume_after + 1 if request.resume else 0  # The manager already has the heights below.
    if request.type == "GetTransactions":
        wanted = payload.get("hash")
        return by_hash(wanted) if wanted else heights(max(payload["startheight"], resume), payload["endheight"])
    if request.type == "GetLatest":
        newest, limit = head_height(), payload["limit"]
        first = max(payload.get("lastheight", newest - limit) + 1, resume, 1)
        return heights(first, min(newest, first + limit - 1))
    raise Failure(msg=f"Task type {request.type!r} is unknown.", type="unknown_type", retry=pb.NEVER)

# --- The protocol. ---
class Session:  # The stream of one manager. `tasks` maps (id, lease) to a task and its credit.
    def __init__(self, context):
        self.context, self.tasks, self.writing = context, {}, asyncio.Lock()
    async def send(self, **fields):
        async with self.writing:  # gRPC allows one write at a time.
            await self.context.write(pb.TaskResponse(version="0.0.1", **fields))

    async def serve(self):
        while (request := await asyncio.wait_for(self.context.read(), SILENCE_SECONDS)) is not grpc.aio.EOF:
            key = request.id, request.lease
            task, credit = self.tasks.get(key, (None, asyncio.Semaphore(request.credit)))
            if request.type == "PING":
                head = pb.Head(height=head_height(), hash=hash_of(head_height()), earliest=1, has_earliest=True)
                await self.send(type="PONG", id=request.id, features=FEATURES if request.features else [],
                                capacity=CAPACITY, inflight=len(running), draining=stopping.is_set(), head=head)
            elif request.type == "CANCEL" and task:
                task.cancel()
            elif request.type == "CREDIT" and task:
                for _ in range(request.credit):
                    credit.release()
            elif request.type not in ("CANCEL", "CREDIT") and not task:
                task = asyncio.create_task(self.run(request, credit))
                self.tasks[key] = task, credit
                running.add(task)
                task.add_done_callback(lambda task, key=key: (self.tasks.pop(key), running.discard(task)))

    async def run(self, request, credit):  # Sends the responses of one task, then exactly one final.
        ids, order, outcome, error = {"id": request.id, "lease": request.lease}, 0, pb.FAILED, None
        try:
            async with asyncio.timeout(request.timeout_ms / 1_000 or None), slots:
                if stopping.is_set() or not request.lease:  # A manager that supports the features sends a lease.
                    raise asyncio.CancelledError
                for items, cursor in results(request):
                    await credit.acquire()  # The manager grants more after it has committed earlier responses.
                    order += 1  # From here on the final counts the response, so no cancel interrupts its write.
                    await asyncio.shield(self.send(**ids, type="Batch", order=order - 1, items=items,
                                                   cursor=cursor or 0, has_cursor=cursor is not None))
            outcome = pb.COMPLETE
        except asyncio.CancelledError:
            outcome, error = pb.CANCELLED, pb.TaskError(msg="Stopped.", type="draining", retry=pb.OTHER_WORKER)
        except TimeoutError:
            error = pb.TaskError(msg="timeout_ms has passed.", type="timeout", retry=pb.OTHER_WORKER)
        except Failure as failure:
            error = failure.error
        except Exception as fault:  # Only an invalid payload leads here.
            error = pb.TaskError(msg=f"The payload is invalid: {fault!r}.", type="bad_request", retry=pb.NEVER)
        with contextlib.suppress(Exception):  # A broken stream takes no final: the manager repeats the task.
            await self.send(**ids, type="END", final=True, order=order, count=order, outcome=outcome, error=error)

async def task_rpc(_, context):
    session = Session(context)
    if dict(context.invocation_metadata()).get("indexer-worker", WORKER_ID) != WORKER_ID:
        await context.abort(grpc.StatusCode.NOT_FOUND, f"This is worker {WORKER_ID}.")
    try:
        await session.serve()
    finally:  # The manager closed its stream, or was silent for SILENCE_SECONDS.
        for task, _ in session.tasks.values():
            task.cancel()

def register(port):
    body = json.dumps({"id": WORKER_ID, "network": NETWORK, "chain_id": CHAIN_ID, "draining": stopping.is_set(),
                       "connectivity": {"version": "0.0.1", "type": "grpc", "address": f"{HOST}:{port}"}}).encode()
    for manager in MANAGERS:
        try:
            url, headers = f"http://{manager}/client_ping", {"Content-Type": "application/json"}
            urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5).close()
        except OSError as error:  # Tried again after REGISTER_SECONDS.
            print(f"{manager} did not accept the registration: {error}", file=sys.stderr)

async def main():
    server = grpc.aio.server()
    rpc = grpc.stream_stream_rpc_method_handler(task_rpc, pb.TaskRequest.FromString, pb.TaskResponse.SerializeToString)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("indexer.IndexerService", {"TaskRPC": rpc})])
    port = server.add_insecure_port(LISTEN)
    await server.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    print(f"Worker {WORKER_ID} of {NETWORK}/{CHAIN_ID} listens on port {port}.", flush=True)
    while not stopping.is_set():
        await asyncio.to_thread(register, port)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), REGISTER_SECONDS)
    await asyncio.to_thread(register, port)  # Reports that it drains: managers send no new task.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*running), DRAIN_SECONDS)  # After that time, it cancels the rest.
    await server.stop(grace=1)

asyncio.run(main())
