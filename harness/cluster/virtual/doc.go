// Package virtual runs etcd members in virtual time: an hour takes seconds.
//
// The servers, their gRPC, the clients and the locks are real, of the etcd that go.mod names. They run in a bubble of
// testing/synctest, whose clock goes on only when all goroutines in it wait, and then at once to the next timer's time.
// So waiting costs nothing, and computing takes no time. What they say to each other goes through memory: a Conn has a
// small latency and keeps the order of its bytes as TCP would, and network.Links lie over it as over any other
// connection. Members write real files.
//
// What cannot be had: a process of its own, a real socket, a clock of its own. Goroutine scheduling is not
// repeated by a seed. In a bubble a goroutine that waits for something outside of it (a channel made elsewhere, a real
// socket) stops the clock: In watches for that, and names who it is.
//
// Five names of etcd's that it does not export are needed to take its peers off the real network; reach.go has them
// all. Read bubble.go next, then ground.go.
package virtual
