// Package network carries bytes between two ends over links that can be held.
//
// A Link is one directed path with a rule that can be changed at any time. Wrap puts the two
// directions of a connection under two links; a Proxy does so for every connection made to one
// listener, and knows by the name in the TLS handshake who made it. Time comes from package time
// and contexts only, nothing polls, and no byte is ever dropped from a connection that lives on: what a
// link holds waits in order, as it would in a partition under TCP. The package knows nothing of etcd;
// read harness/cluster next for what the links connect.
package network
