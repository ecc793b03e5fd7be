#!/bin/sh
# A lock on etcd with curl and sed, as a program for lockquake run --exec.
#
# Create-if-absent under a lease, through etcd's HTTP gateway; a waiter polls. The fencing token is the key's create
# revision. The holder keeps a deadline of its own, the last renewal that was sent plus the TTL, and tells when it is past.
# It wants the date of GNU or busybox, which knows milliseconds.

now() { date +%s%3N; }
encode() { printf %s "$1" | base64 | tr -d '\n'; }
field() { sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p'; } # the value of a key in a line of JSON

patience=1 # of one request, in seconds

ask_one() { curl --noproxy '*' -sS -f -m "$patience" "http://$1/v3/$2" -d "$3"; }

# ask asks one member after the other until one answers; its status says whether one did. An earlier one may have
# done what was asked all the same.
ask() {
	for endpoint in $endpoints; do
		ask_one "$endpoint" "$1" "$2" && return
	done
	return 1
}

good() { # until when a lease can be trusted counts from before the request that asked for it
	deadline=$(($2 + ttl))
	echo '{"event":"renew","lease":"'"$1"'","ttl_ms":'"$ttl"',"sent_unix_ms":'"$2"'}'
}

# renew runs beside the rest, and ends with the lease.
renew() {
	patience=0.3
	while [ "$(now)" -lt "$deadline" ]; do
		sleep "$pause"
		sent=$(now)
		answer=$(ask lease/keepalive '{"ID":"'"$1"'"}') || continue
		case $answer in *'"TTL"'*) good "$1" "$sent" ;; *) break ;; esac
	done
	echo '{"event":"lost"}'
}

grant() {
	sent=$(now)
	lease=$(ask lease/grant '{"TTL":'$((ttl / 1000))'}' | field ID)
	[ -n "$lease" ] || return
	good "$lease" "$sent"
	renew "$lease" &
	renewer=$!
}

# let_go ends the lease: without it the key is gone, at the latest after the TTL.
let_go() {
	[ -z "$lease" ] && return
	kill "$renewer" 2>&-
	wait "$renewer"
	ask lease/revoke '{"ID":"'"$lease"'"}' >&2
	lease=
}

# try sets the token where the key is ours. One that an earlier try has created is known by its lease.
try() {
	answer=$(ask kv/txn '{"compare":[{"key":"'"$key"'","target":"CREATE","create_revision":"0"}],
		"success":[{"request_put":{"key":"'"$key"'","lease":"'"$lease"'"}}],
		"failure":[{"request_range":{"key":"'"$key"'"}}]}') || return
	case $answer in
	*'"succeeded":true'*) token=$(printf %s "$answer" | sed 's/"responses".*//' | field revision) ;;
	*'"lease":"'"$lease"'"'*) token=$(printf %s "$answer" | field create_revision) ;;
	esac
}

acquire() {
	timeout=$(printf %s "$line" | field timeout_ms)
	until=$(($(now) + ${timeout:-1000000000}))
	while [ "$(now)" -lt "$until" ]; do
		if [ -z "$lease" ] || ! kill -0 "$renewer" 2>&-; then grant; fi
		[ -n "$lease" ] && try
		if [ -n "$token" ]; then
			say '"ok":true,"token":"'"$token"'","key":"'"$name"'","lease":"'"$lease"'"'
			return
		fi
		sleep 0.1
	done
	let_go
	say '"error":"it could not be had in time"'
}

release() {
	if [ -z "$token" ]; then
		say '"error":"it was not acquired","not_held":true'
		return
	fi
	answer=$(ask_one "${endpoints%% *}" kv/txn '{"compare":[{"key":"'"$key"'","target":"CREATE","create_revision":"'"$token"'"}],
		"success":[{"request_delete_range":{"key":"'"$key"'"}}]}')
	status=$?
	token=
	case $status$answer in
	0*'"succeeded":true'*) say '"ok":true' ;;
	0*) say '"error":"the key is gone, or another'"'"'s","not_held":true' ;;
	*)
		let_go
		say '"error":"no member has answered"'
		;;
	esac
}

say() { echo '{"id":'"$id"','"$1"'}'; }

while read -r line; do
	id=$(printf %s "$line" | field id)
	case $line in
	*'"op":"init"'*)
		name=$(printf %s "$line" | field name) ttl=$(printf %s "$line" | field ttl_ms)
		endpoints=$(printf %s "$line" | sed 's/.*"endpoints":\[\([^]]*\)\].*/\1/; s/","/ /g; s/"//g')
		key=$(encode "$name") pause=$((ttl / 4000)).$(printf %03d $((ttl / 4 % 1000)))
		say '"ok":true'
		;;
	*'"op":"acquire"'*) acquire ;;
	*'"op":"release"'*) release ;;
	esac
done
let_go
