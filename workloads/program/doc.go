// Package program makes a lock strategy of any program, in any language.
//
// The program is started once for each client and lock, by sh. It is told by lines on its standard input what to do,
// and answers by lines on its standard output. Each line is one JSON object. Requests come one at a time, the next
// one only after the answer, so that a loop over lines will do:
//
//	-> {"id":1,"op":"init","name":"lockquake/locks/k0","ttl_ms":1000,"client_id":"c0","endpoints":["127.0.0.1:4001","127.0.0.1:4002"]}
//	<- {"id":1,"ok":true}
//	-> {"id":2,"op":"acquire"}
//	<- {"id":2,"ok":true,"token":17,"key":"lockquake/locks/k0","lease":7587869}
//	-> {"id":3,"op":"release","timeout_ms":1000}
//	<- {"id":3,"ok":true}
//
// # Requests
//
// init comes first. name is the lock's: the program keeps its keys at that name, or below it. endpoints are the
// members of etcd, for gRPC and for HTTP with JSON (etcd's gateway), without TLS. The program must use no others: these
// are what faults cut, slow and reset.
//
// acquire is answered when the lock is held. token grows from one holder to the next, such as the create revision
// of the lock's key, so that a resource can refuse an old holder; key is the key that exists, with that create
// revision, as long as the lock is held; lease is the lease that it lives on. Each may be left out, and then is not judged.
// Integers may be written as strings, as etcd's gateway does.
//
// release gives the lock back. It may come after the lock was lost.
//
// timeout_ms says how long the caller will wait, if there is a limit. A late answer does no harm: where it says
// that the lock was acquired, release follows.
//
// The end of the input asks the program to end, with status 0, and not to leave the lock behind. After 3 s it is
// sent SIGTERM, and after another SIGKILL, as is all that it has started.
//
// # Answers
//
// An answer has the id of its request and "ok":true, or an error:
//
//	<- {"id":2,"error":"the lease is gone","definite":true}
//	<- {"id":3,"error":"somebody else has it","not_held":true}
//
// definite says that the request surely had no effect, and will have none. Without it the outcome is unknown: the lock
// may be held, or released, all the same, and that is the honest answer to a request to etcd that timed out. not_held, of a
// release, says that the lock was gone or in other hands.
//
// # Notices
//
// The program may say two things that it was not asked, at any time:
//
//	<- {"event":"renew","lease":7587869,"ttl_ms":1000,"sent_unix_ms":1700000000123}
//	<- {"event":"lost"}
//
// renew tells that a lease was granted or renewed for ttl_ms, by a request that was sent at a time, or later: take the time
// before you send. A point in time, and not how long ago that was, because a program may be stopped between
// any two of its steps. Without renew nobody knows until when the holder could trust its lease, and where holds overlap the
// judgement "lease-bounded" stays unknown.
//
// lost tells that the lock that was acquired last is held no more.
//
// # What goes wrong
//
// Standard error is a log: a file for each client and lock in the folder of the run, whose last lines are shown with
// errors. Anything on standard output that is no answer or notice ends the program, with an error that shows it: a line
// that is no such JSON, has a key that is none of these, is longer than 64 KiB, or answers what was not asked. A program
// that has ended stays so: its holds are lost, and every further request fails and says how it ended.
//
// A client that is paused has its program stopped (SIGSTOP, and SIGCONT), one that crashes has it killed, with
// all that it has started. Its abilities are those of lock.Lock only: others would have to be known before it runs.
package program
