// Package network carries bytes between two ends over links that can be faulted.
//
// A Link is one directed path. Rules can be imposed on it at any time, beside each other, and lifted: they hold
// bytes back, lose them, refuse connections or delay. Each keeps a toll of what it did. Wrap puts the two
// directions of a connection under two links; a Proxy does so for every connection made to one listener, and
// knows by the TLS handshake who made it; an Entry does so for plain connections of other processes.
//
// No connection ever goes on without bytes that it has lost: what a link holds or delays waits in order, as it would
// in a partition under TCP, and a connection that has lost bytes is reset before its link passes again. Delay is
// latency only: all bytes under way wait at the same time. Time comes from package time and contexts only, and
// nothing polls. The package knows nothing of etcd; read harness/cluster next for what the links connect.
package network
