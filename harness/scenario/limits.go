package scenario

import "time"

// Limits of what a scenario may ask for: beyond them the harness would measure itself, or wait for ever.
const (
	MaxSize    = 64 << 10 // of a file, in bytes
	MaxRules   = 100
	MaxMembers = 9
	MaxClients = 1024
	MaxKeys    = 1024
	MaxRepeat  = 10000
	MaxLimit   = 10000 // of a rule's injections
	MinTTL     = time.Second
	MaxRate    = 10000.0 // acquires a second
	MaxTTL     = 10 * time.Minute
	MaxTime    = 24 * time.Hour // any other length of time
	MinTime    = time.Millisecond

	MinThreshold = time.Microsecond
	MaxOps       = 1_000_000_000
)

// Kinds of clusters.
const (
	Embed    = "embed"    // members in this process
	Process  = "process"  // members as processes of their own
	External = "external" // a cluster that is there already
	Virtual  = "virtual"  // members in virtual time
)

// What clients do about the loss of their lock.
const (
	Heeded  = "heeded"  // they stop when they are told of it
	Ignored = "ignored" // they do not look, as most programs do not
)

// Places for the resource that the lock protects.
const (
	InMemory = "memory"
	InEtcd   = "etcd"
)

// How clients choose among keys.
const (
	Uniform = "uniform" // each as often as the others
	Zipf    = "zipf"    // few of them mostly
)
