import base64, json, sys, threading, time, urllib.request

def etcd(path, **body):
    with urllib.request.urlopen(f"http://{endpoints[0]}/v3/{path}", json.dumps(body).encode(), timeout=1) as answer:
        return json.load(answer)

def if_created_at(revision, **then):
    return etcd("kv/txn", compare=[{"key": key, "target": "CREATE", "create_revision": revision}], success=[then])

def renew():
    while time.sleep(ttl / 4) is None:
        etcd("lease/keepalive", ID=lease)

for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"], "ok": True}
    if request["op"] == "init":
        key, ttl, endpoints = base64.b64encode(request["name"].encode()).decode(), request["ttl_ms"] / 1000, request["endpoints"]
        lease = etcd("lease/grant", TTL=int(ttl))["ID"]
        threading.Thread(target=renew, daemon=True).start()
    elif request["op"] == "acquire":
        while not (got := if_created_at("0", request_put={"key": key, "lease": lease})).get("succeeded"):
            time.sleep(0.05)
        answer["token"] = token = got["header"]["revision"]
    elif not if_created_at(token, request_delete_range={"key": key}).get("succeeded"):
        answer = {"id": request["id"], "error": "it is not mine any more", "not_held": True}
    print(json.dumps(answer), flush=True)
