"""A lock on etcd, with nothing but Python's standard library, as a program for lockquake run --exec.

Create-if-absent under a lease, through etcd's HTTP gateway; a waiter polls. The fencing token is the key's create
revision. The holder keeps a deadline of its own, the last renewal that was sent plus the TTL, and tells when it is past.
"""

import base64
import json
import sys
import threading
import time
import urllib.error
import urllib.request

POLL = 0.05
PATIENCE = 1  # of one request
said = threading.Lock()


def say(**line):
    with said:
        print(json.dumps(line), flush=True)


def encode(text):
    return base64.b64encode(text.encode()).decode()


class Etcd:
    def __init__(self, endpoints):
        self.endpoints = endpoints
        self.http = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, path, body, patience=PATIENCE):
        """An OSError leaves it open whether the request had an effect; the next one goes to another member."""
        request = urllib.request.Request("http://%s/v3/%s" % (self.endpoints[0], path), json.dumps(body).encode())
        try:
            with self.http.open(request, timeout=patience) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            self.endpoints.append(self.endpoints.pop(0))
            raise OSError("%s: %s" % (path, error)) from error


class Lease:
    """A lease that is renewed until it is let go or lost."""

    def __init__(self, etcd, ttl, on_lost):
        self.etcd, self.ttl, self.on_lost = etcd, ttl, on_lost
        sent = time.time()
        self.id = etcd.ask("lease/grant", {"TTL": int(ttl)})["ID"]
        self.over = threading.Event()
        self.good(sent)
        self.renewing = threading.Thread(target=self.renew, daemon=True)
        self.renewing.start()

    def good(self, sent):
        self.deadline = sent + self.ttl
        say(event="renew", lease=self.id, ttl_ms=int(self.ttl * 1000), sent_unix_ms=int(sent * 1000))

    def renew(self):
        while not self.over.wait(self.ttl / 4):
            sent = time.time()
            left = self.deadline - sent
            if left <= 0:
                break
            try:
                answer = self.etcd.ask("lease/keepalive", {"ID": self.id}, min(left, PATIENCE))["result"]
                if int(answer.get("TTL", 0)) <= 0:
                    break
                self.good(sent)
            except OSError as error:
                print("renew:", error, file=sys.stderr, flush=True)
        if not self.over.is_set():
            self.on_lost()  # before anybody can see that another lease is needed
            self.over.set()

    def let_go(self):
        """Without its lease the key is gone, at the latest after the TTL."""
        self.over.set()
        self.renewing.join()
        try:
            self.etcd.ask("lease/revoke", {"ID": self.id})
        except OSError as error:
            print("revoke:", error, file=sys.stderr, flush=True)


class Lock:
    def __init__(self, name, ttl_ms, endpoints, **_):
        self.etcd, self.name, self.ttl = Etcd(endpoints), name, ttl_ms / 1000
        self.lease, self.token = None, None

    def acquire(self, timeout_ms=None, **_):
        until = time.time() + timeout_ms / 1000 if timeout_ms else None
        while until is None or time.time() < until:
            try:
                if self.lease is None or self.lease.over.is_set():
                    self.lease = Lease(Etcd(list(self.etcd.endpoints)), self.ttl, lambda: say(event="lost"))
                self.token = self.create()
            except OSError as error:  # try again: what an earlier try has created is known by its lease
                print("acquire:", error, file=sys.stderr, flush=True)
            if self.token:
                return {"ok": True, "token": self.token, "key": self.name, "lease": self.lease.id}
            time.sleep(POLL)
        self.let_go()
        return {"error": "it could not be had in time"}

    def create(self):
        key = encode(self.name)
        answer = self.etcd.ask("kv/txn", {
            "compare": [{"key": key, "target": "CREATE", "create_revision": "0"}],
            "success": [{"request_put": {"key": key, "value": encode(str(self.lease.id)), "lease": self.lease.id}}],
            "failure": [{"request_range": {"key": key}}],
        })
        if answer.get("succeeded"):
            return answer["header"]["revision"]
        found = answer["responses"][0]["response_range"].get("kvs", [{}])[0]
        return found["create_revision"] if found.get("lease") == self.lease.id else None

    def release(self, **_):
        token, self.token = self.token, None
        if token is None:
            return {"error": "it was not acquired", "not_held": True}
        key = encode(self.name)
        try:
            answer = self.etcd.ask("kv/txn", {
                "compare": [{"key": key, "target": "CREATE", "create_revision": token}],
                "success": [{"request_delete_range": {"key": key}}],
            })
        except OSError as error:
            self.let_go()
            return {"error": str(error)}
        if answer.get("succeeded"):
            return {"ok": True}
        return {"error": "the key is gone, or another's", "not_held": True}

    def let_go(self):
        if self.lease is not None:
            self.lease.let_go()
            self.lease = None


lock = None
for line in sys.stdin:
    request = json.loads(line)
    number, op = request.pop("id"), request.pop("op")
    if op == "init":
        lock, answer = Lock(**request), {"ok": True}
    else:
        answer = getattr(lock, op)(**request)
    say(id=number, **answer)
if lock is not None:
    lock.let_go()
