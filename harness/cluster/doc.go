// Package cluster runs etcd members inside this process, and clients of them, over links that can
// be held.
//
// Members are called m0, m1, ... They listen on unix sockets of their own, so there are no ports to
// lose; peers reach one another through one network.Proxy per member, clients through wrapped
// connections. So each direction between any two ends has a network.Link with a rule of its own, and
// a member that is killed loses its connections as if its process had died. The package decides
// nothing about when to do harm and records nothing: harness/nemesis declares what faults need of it, and
// harness/network says what a link is. Read start.go next.
package cluster
