// Package cluster runs etcd members, and clients of them, over links that can be held.
//
// Members are called m0, m1, ... They run inside this process, or each in one of its own, of this
// executable (ServeMember) or of a given etcd binary: a spec says the same to all three, and a server is
// what they have in common. They listen on unix sockets of their own, so there are no ports to lose; peers
// reach one another through one network.Proxy per member, which stays in this process, clients through
// wrapped connections, and other processes through the entries of a client (Client.Endpoints). So each
// direction between any two ends has a network.Link with rules of its own, and a member that is killed
// loses its connections. Processes are killed and stopped by signals, and none outlives this one. A
// cluster that somebody else runs is attached to: clients of it are the same, and nothing is done to its
// members. The package decides nothing about when to do harm and records nothing: harness/nemesis declares
// what faults need of it, and harness/network says what a link is. Read start.go next, then member.go and
// client.go.
package cluster
